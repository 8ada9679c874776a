//! Signed notes and their keys: C2SP `signed-note`, with Ed25519 signatures.
//!
//! A note is a text, an empty line, and a line for each signature: an em dash, the key's name, and in
//! base64 four bytes that tell the key and the signature itself.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Checkpoint;

/// What a key of this kind begins with: Ed25519 (signed-note, "Signature types").
const ED25519: u8 = 1;
const DASH: &str = "\u{2014} ";
const PRIVATE: &str = "PRIVATE+KEY+";
/// A note that is longer is nobody's checkpoint.
const MOST_BYTES: usize = 64 * 1024;
const MOST_SIGNATURES: usize = 100;

/// Why a text is no signed note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is longer than any checkpoint.
    #[error("it is longer than a checkpoint")]
    TooLong,
    /// No empty line divides a text from its signatures.
    #[error("it is no signed note")]
    NoNote,
    /// What should be a signature is none.
    #[error("a signature line cannot be read")]
    Signature,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not made of a name, four bytes and a key.
    #[error("it is no key: NAME+HASH+KEY is expected")]
    NoKey,
    /// It is a key of another kind than Ed25519.
    #[error("it is not an Ed25519 key")]
    Kind,
    /// Name and key do not belong together: something was left out or changed.
    #[error("its name and its key do not belong together")]
    Hash,
}

/// A text with its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signed {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// What becomes of a note's signatures when a key is held against them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// The key made one of them.
    Valid,
    /// One claims to be this key's and is not.
    Invalid,
    /// None is this key's.
    OtherKey,
}

/// Several notes, one after the other, as checkpoints gather in a file.
#[derive(Clone, Debug)]
pub struct Notes<'a> {
    rest: &'a str,
}

impl<'a> Notes<'a> {
    /// Reads the notes of a text; empty lines may stand between them.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl Iterator for Notes<'_> {
    type Item = Result<Note, NoteError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_start_matches(['\n', '\r']);
        if rest.trim().is_empty() {
            return None;
        }
        let end = end_of_note(rest);
        let (note, rest) = rest.split_at(end);
        self.rest = rest;
        Some(Note::parse(note))
    }
}

/// Returns where a note ends: behind its signatures.
fn end_of_note(text: &str) -> usize {
    let Some(body) = text.find("\n\n") else { return text.len() };
    let signatures = &text[body + 2..];
    let lines = signatures.split_inclusive('\n').take_while(|line| line.starts_with(DASH));
    body + 2 + lines.map(str::len).sum::<usize>()
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    ///
    /// [`NoteError`] where it is none.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MOST_BYTES {
            return Err(NoteError::TooLong);
        }
        let split = note.rfind("\n\n").ok_or(NoteError::NoNote)?;
        let (text, signatures) = (&note[..=split], &note[split + 2..]);
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::NoNote)?;
        let signatures: Vec<Signed> =
            lines.split('\n').map(signed).collect::<Option<_>>().ok_or(NoteError::Signature)?;
        let is_text = !text.chars().any(|char| char.is_control() && char != '\n');
        if !is_text || signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::NoNote);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Returns the checkpoint that the note is of; none where it is another note.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        Checkpoint::parse(&self.text)
    }

    /// Holds a key against the signatures.
    #[must_use]
    pub fn check(&self, key: &VerifierKey) -> Signature {
        // The first that claims to be the key's decides, as with the format's other readers.
        let mut own = self.signatures.iter().filter(|it| it.name == key.name && it.id == key.id());
        let Some(own) = own.next() else { return Signature::OtherKey };
        let signature = ed25519_dalek::Signature::from_slice(&own.signature);
        let is_valid = signature
            .is_ok_and(|signature| key.key.verify_strict(self.text.as_bytes(), &signature).is_ok());
        if is_valid { Signature::Valid } else { Signature::Invalid }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signed { name, id, signature } in &self.signatures {
            let bytes = [&id[..], signature].concat();
            writeln!(f, "{DASH}{name} {}", BASE64.encode(bytes))?;
        }
        Ok(())
    }
}

fn signed(line: &str) -> Option<Signed> {
    let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = BASE64.decode(bytes).ok()?;
    let (id, signature) = bytes.split_first_chunk()?;
    let is_signed = is_name(name) && !signature.is_empty();
    is_signed.then(|| Signed { name: name.to_owned(), id: *id, signature: signature.to_owned() })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|char| char.is_whitespace() || char == '+')
}

/// The public half of a key: what a checkpoint is verified with, and may be known to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Reads a key from its text, as [`fmt::Display`] writes it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] where it is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parts(text.trim())?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NoKey)?;
        let key = Self { name: name.to_owned(), key };
        if key.id() == id { Ok(key) } else { Err(KeyError::Hash) }
    }

    /// Returns the key's name, which is also the origin of its log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the four bytes by which signatures tell whose they are.
    fn id(&self) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', ED25519]);
        hash.update(self.key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = BASE64.encode([&[ED25519][..], self.key.as_bytes()].concat());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

/// Takes a key's text apart: its name, the four bytes, and the key.
fn parts(text: &str) -> Result<(&str, [u8; 4], [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::NoKey);
    };
    let is_hex = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = u32::from_str_radix(id, 16).ok().filter(|_| is_hex && is_name(name));
    let bytes = BASE64.decode(key).map_err(|_| KeyError::NoKey)?;
    let (kind, key) = bytes.split_first().ok_or(KeyError::NoKey)?;
    if *kind != ED25519 {
        return Err(KeyError::Kind);
    }
    let key = key.try_into().map_err(|_| KeyError::NoKey)?;
    Ok((name, id.ok_or(KeyError::NoKey)?.to_be_bytes(), key))
}

/// The key that signs. It has no `Debug` and no `Display`; [`Signer::to_private_text`] is its one way
/// out, into a file that only its owner can read.
pub struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// Makes a key of 32 random bytes. Its name is derived from it, so that two logs never have one name.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let digest = Sha256::digest(key.verifying_key().as_bytes());
        let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("trackway/{short}"), key }
    }

    /// Reads a key from its text.
    ///
    /// # Errors
    ///
    /// [`KeyError`] where it is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, seed) = parts(text.trim().strip_prefix(PRIVATE).ok_or(KeyError::NoKey)?)?;
        let signer = Self { name: name.to_owned(), key: SigningKey::from_bytes(&seed) };
        if signer.verifier().id() == id { Ok(signer) } else { Err(KeyError::Hash) }
    }

    /// Returns the key's text, for a file of its owner's.
    #[must_use]
    pub fn to_private_text(&self) -> String {
        let id = u32::from_be_bytes(self.verifier().id());
        let key = BASE64.encode([&[ED25519][..], self.key.as_bytes()].concat());
        format!("{PRIVATE}{}+{id:08x}+{key}\n", self.name)
    }

    /// Returns the public half.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Signs a checkpoint.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> Note {
        let text = checkpoint.text();
        let signature = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        let signed = Signed { name: self.name.clone(), id: self.verifier().id(), signature };
        Note { text, signatures: vec![signed] }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::Timestamp;
    use crate::log::Hash;

    fn signer() -> Signer {
        Signer::from_seed(&[7; 32])
    }

    fn note() -> Note {
        let at = Some(Timestamp::from_ms(1_795_436_453_007));
        let origin = signer().name;
        signer().sign(&Checkpoint { origin, size: 5, root: Hash::of_leaf(b"x"), at })
    }

    #[test]
    fn a_note_of_the_specification_s_own_key_is_verified() {
        // Of golang.org/x/mod/sumdb/note, whose format this is.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let note = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n\n\
                    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let key = VerifierKey::parse(key).unwrap();
        assert_eq!(Note::parse(note).unwrap().check(&key), Signature::Valid);
        assert_eq!(Note::parse(note).unwrap().to_string(), note);
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let signer = signer();
        let key = signer.verifier();
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key.clone()));
        let read = Signer::parse(&signer.to_private_text()).unwrap_or_else(|_| panic!("a key"));
        assert_eq!(read.verifier(), key);
        let text = key.to_string();
        for (text, error) in [
            ("", KeyError::NoKey),
            ("a+b", KeyError::NoKey),
            (&text.replacen("trackway", "track", 1), KeyError::Hash),
            (&text.replacen("+A", "+B", 1), KeyError::Kind),
            (&text[..text.len() - 4], KeyError::NoKey),
        ] {
            assert_eq!(VerifierKey::parse(text), Err(error), "{text}");
        }
        assert!(Signer::parse(&text).is_err());
    }

    #[test]
    fn another_key_s_note_is_told_from_a_forged_one() {
        let (note, other) = (note(), Signer::from_seed(&[8; 32]));
        assert_eq!(note.check(&signer().verifier()), Signature::Valid);
        assert_eq!(note.check(&other.verifier()), Signature::OtherKey);
        let text = note.to_string().replacen("\n5\n", "\n6\n", 1);
        assert_eq!(Note::parse(&text).unwrap().check(&signer().verifier()), Signature::Invalid);
    }

    #[test]
    fn notes_in_one_file_are_read_one_by_one() {
        let one = note().to_string();
        for file in [format!("{one}{one}"), format!("\n{one}\n\n{one}\n")] {
            let notes: Vec<_> = Notes::of(&file).collect();
            assert_eq!(notes, [Ok(note()), Ok(note())], "{file}");
        }
        assert_eq!(Notes::of(" \n\n").count(), 0);
        let half = &one[..one.len() - 10];
        assert!(Notes::of(&format!("{one}{half}")).nth(1).unwrap().is_err());
        assert!(Notes::of("nothing of the kind").next().unwrap().is_err());
    }

    #[test]
    fn no_byte_of_a_signed_checkpoint_can_be_changed() {
        let (bytes, key) = (note().to_string().into_bytes(), signer().verifier());
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let Ok(text) = String::from_utf8(changed) else { continue };
                let verdict = Note::parse(&text).map(|note| note.check(&key));
                assert_ne!(verdict, Ok(Signature::Valid), "byte {place}, bit {bit}: {text}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_panics(text in "\\PC*|(.|\n){0,200}") {
            let _read = Note::parse(&text).is_ok();
            let _read = VerifierKey::parse(&text).is_ok();
            prop_assert!(Notes::of(&text).count() <= text.len());
        }
    }
}
