"""The Java virtual machine: its heap, its classes, its versions, and what frameworks say."""
