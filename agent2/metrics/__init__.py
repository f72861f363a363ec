"""What Agent2 tells in figures: read from the store and the status when it is asked.

    status file, store --gather--> families --text--> Prometheus, OpenMetrics, textfile

``table.py`` names every metric; nothing that is not there can be told.
"""
