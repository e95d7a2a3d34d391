"""The test kit for templates of teams: `viscaffold template check`.

`combinations` says which sets of stages are looked at, `renders` what must hold of their files,
`growing` that stages come and go without a trace, `services` that services pass their own checks in
an `environment` with all that they need, and `stage_steps` that they do what their stages say.
"""
