"""How a team's template gets here: addresses, git, versions, trust."""
