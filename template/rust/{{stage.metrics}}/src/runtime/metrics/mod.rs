// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the stage metrics looks at: the process, and the memory of the container.

pub mod container_memory;
pub mod process;
