use std::io::Read;
use std::net::{TcpListener, TcpStream as Connection};

const SECOND: Duration = Duration::from_secs(1);

fn progress() -> Progress {
    let mut progress = Progress::new(crate::runtime::sys::process());
    progress.free = SECOND;
    progress
}

fn answer(connection: &mut Connection) {
    let mut request = [0; 200];
    assert!(connection.read(&mut request).unwrap() > 0);
    connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
}

#[test]
fn a_port_that_answers_is_not_silent() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (mut port, progress) = (Port::default(), progress());
    port.look(address, &progress);
    let (mut connection, _) = server.accept().unwrap();
    port.look(address, &progress);
    assert_eq!(port.silent, SECOND);

    answer(&mut connection);
    port.look(address, &progress);
    assert!(port.has_answered);
    assert!(port.silent.is_zero());
}

#[test]
fn one_worker_that_answers_is_enough() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (mut port, progress) = (Port::default(), progress());
    (0..4).for_each(|_| port.look(address, &progress));
    let (_blocked, _) = server.accept().unwrap();
    let (mut connection, _) = server.accept().unwrap();
    assert!(port.silent >= 3 * SECOND);

    answer(&mut connection);
    port.look(address, &progress);
    assert!(port.has_answered);
    assert!(port.silent.is_zero());
}

#[test]
fn a_port_that_nobody_listens_on_is_refused() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (mut port, progress) = (Port::default(), progress());
    (0..3).for_each(|_| port.look(address, &progress));
    assert!(port.is_refused);
    assert!(!port.has_answered);
    assert_eq!(port.silent, 2 * SECOND);
}

#[test]
fn a_service_that_gets_no_processor_is_not_silent() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (mut port, mut progress) = (Port::default(), progress());
    progress.free = Duration::ZERO;
    (0..9).for_each(|_| port.look(address, &progress));
    assert!(port.silent.is_zero());
}
