"""Shell scripts and shell-form commands: what they fail at, hide, or leave out."""
