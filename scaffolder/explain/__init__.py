"""What a file, a stage, a setting, an exit status or a line of a log is: `viscaffold explain`.

No fact is kept here: all come from the catalogue, the renders, the runbook, the sources and git.
"""
