"""What only a watched copy shows (`--rerun`): the system calls before a silent end."""
