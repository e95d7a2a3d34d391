"""Templates for teams: a folder of the team's, laid over the built-in template.

`origin` reads how a source is written; `remote` asks git servers, by `transport`; `store` keeps
copies, `trust` what the user agreed to, `preferences` are the user's defaults. `files`, `manifest`,
`stages` and `jinja` check what an overlay holds. `record` is what services have of `layers`;
`flatten` and `asking` make one Copier template of them and the built-in one, which `confined`
renders. `sources` is what commands use; `versions` and `summary` are for their messages.
"""
