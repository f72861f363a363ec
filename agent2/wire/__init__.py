"""The spellings that others read: status, signal, log lines, languages."""
