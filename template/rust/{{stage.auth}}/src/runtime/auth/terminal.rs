//! Asks for a password on the terminal, without showing it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
const KILL_LINE: u8 = 21;

/// Asks for a line; `ErrorKind::Interrupted` means Ctrl-C, `UnexpectedEof` Ctrl-D.
///
/// Ctrl-C arrives as a key, so that it cannot end the process while the terminal shows nothing.
pub fn ask(prompt: &str) -> io::Result<String> {
    // Standard input is one, too, where no terminal controls the process.
    let open = |path| File::options().read(true).write(true).open(path);
    let mut terminal = open("/dev/tty").or_else(|_| open("/dev/stdin"))?;
    let silent = Silent::begin(terminal.try_clone()?)?;
    terminal.write_all(prompt.as_bytes())?;
    let line = read_line(&mut terminal);
    drop(silent);
    terminal.write_all(b"\n")?;
    String::from_utf8(line?).map_err(|_| ErrorKind::InvalidData.into())
}

fn read_line(terminal: &mut impl Read) -> io::Result<Vec<u8>> {
    let (mut line, mut key) = (Vec::new(), [0]);
    while terminal.read(&mut key)? > 0 {
        match key[0] {
            b'\n' | b'\r' => return Ok(line),
            INTERRUPT => return Err(ErrorKind::Interrupted.into()),
            END if line.is_empty() => break,
            KILL_LINE => line.clear(),
            byte if BACKSPACE.contains(&byte) => {
                // All bytes of a character: those that continue it begin with the bits 10.
                while line.pop().is_some_and(|last| last & 0xC0 == 0x80) {}
            }
            byte => line.push(byte),
        }
    }
    Err(ErrorKind::UnexpectedEof.into())
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silent {
    terminal: File,
    before: Termios,
}

impl Silent {
    fn begin(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_flags -= LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG;
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}
