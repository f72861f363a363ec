"""The supervisor under the names of the user's documents, for scripts made for those.

``agent2.core.supervisor`` leads here: the documents' imports run when ``agentos`` in
them is ``agent2``.
"""
