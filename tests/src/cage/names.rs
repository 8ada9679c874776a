//! A name server that knows no name. Without one, a resolver that cannot send waits for seconds.

use std::io;
use std::net::UdpSocket;
use std::thread;

/// Answers every question with "no such name" until the process ends.
pub(super) fn serve() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:53")?;
    thread::spawn(move || {
        let mut question = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut question) {
            if let Some(answer) = no_such_name(&mut question[..length]) {
                socket.send_to(answer, client).ok();
            }
        }
    });
    Ok(())
}

/// Turns a question into its answer: the same message, marked as a response of code 3.
fn no_such_name(question: &mut [u8]) -> Option<&[u8]> {
    const RESPONSE: u8 = 0x80;
    const NO_SUCH_NAME: u8 = 3;
    question.get(..12)?;
    question[2] |= RESPONSE;
    question[3] = (question[3] & 0xf0) | NO_SUCH_NAME;
    Some(question)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_becomes_its_answer() {
        let mut question = *b"\xf2\x89\x01\x20\0\x01\0\0\0\0\0\0\x03abc\0\0\x01\0\x01";
        let answer = no_such_name(&mut question).unwrap();
        assert_eq!(answer[..4], *b"\xf2\x89\x81\x23");
        assert_eq!(no_such_name(&mut [0; 11]), None);
    }
}
