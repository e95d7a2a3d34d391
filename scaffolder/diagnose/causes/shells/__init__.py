"""Shell scripts and shell-form commands: what fails in them, what they hide or leave out."""
