//! JSON as agents write it, read for a few fields: what has no field is skipped without being
//! looked at.
//!
//! A value of another type than expected is as good as absent, and of two fields of one name the
//! last one wins, as in the agents' own readers. serde's derived readers would refuse the line.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::LineError;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

mod value;

pub(crate) use value::{Flag, Head, LineCount, List, Number, Str, Table};

/// Defines an object that is read for these fields; all else in it is skipped. With `unknown`,
/// names of other fields that are not in a list are handed to it.
macro_rules! object {
    (
        $(#[$doc:meta])*
        struct $name:ident<$life:lifetime> { $($key:literal => $field:ident: $kind:ty,)* }
        $(unknown $unknown:ident besides $besides:expr)?
    ) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name<$life> {
            $(pub(crate) $field: $kind,)*
            $(pub(crate) $unknown: Vec<std::borrow::Cow<$life, str>>,)?
            life: std::marker::PhantomData<&$life ()>,
        }

        impl<$life> $crate::session::json::Object<$life> for $name<$life> {
            fn read<A: serde::de::MapAccess<$life>>(map: &mut A) -> Result<Self, A::Error> {
                let mut object = Self::default();
                while let Some(key) = map.next_key::<$crate::session::json::Key<$life>>()? {
                    match &*key.0 {
                        $($key => object.$field = map.next_value()?,)*
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                            $(if !$besides.contains(&&*key.0) {
                                object.$unknown.push(key.0);
                            })?
                        }
                    }
                }
                Ok(object)
            }
        }

        impl<$life> $crate::session::json::Take<$life> for $name<$life> {
            fn fields<A: serde::de::MapAccess<$life>>(mut map: A) -> Result<Self, A::Error> {
                <Self as $crate::session::json::Object<$life>>::read(&mut map)
            }
        }

        impl<$life> serde::Deserialize<$life> for $name<$life> {
            fn deserialize<D: serde::Deserializer<$life>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_any($crate::session::json::Lax::<Self>::default())
            }
        }
    };
}
pub(crate) use object;

/// See [`object!`].
pub(crate) trait Object<'de>: Default {
    /// Reads an object's fields.
    fn read<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error>;
}

/// Reads a line, which must be one object.
pub(crate) fn read<'de, T: Object<'de>>(line: &'de [u8]) -> Result<T, LineError> {
    let mut input = serde_json::Deserializer::from_slice(line);
    let read = input.deserialize_map(Strict(PhantomData)).and_then(|line| {
        input.end()?;
        Ok(line)
    });
    read.map_err(|error| classify(&error, line))
}

/// The error's own text may quote the line, so nothing of it is kept.
fn classify(error: &serde_json::Error, line: &[u8]) -> LineError {
    if line.contains(&0) {
        LineError::Nul
    } else if std::str::from_utf8(line).is_err() {
        LineError::NotUtf8
    } else if error.is_eof() {
        LineError::CutOff
    } else if error.is_data() {
        LineError::Shape
    } else if error.to_string().starts_with("recursion limit") {
        LineError::TooDeep
    } else {
        LineError::NotJson
    }
}

struct Strict<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for Strict<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        T::read(&mut map)
    }
}

/// A field's name.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        input.deserialize_str(Name)
    }
}

/// Something that takes values of the types it knows and is empty for all others.
pub(crate) trait Take<'de>: Default {
    fn text(_: Cow<'de, str>) -> Self {
        Self::default()
    }
    fn number(_: u64) -> Self {
        Self::default()
    }
    fn flag(_: bool) -> Self {
        Self::default()
    }
    fn fields<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn items<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Hands any value to a [`Take`].
pub(crate) struct Lax<T>(PhantomData<T>);

impl<T> Default for Lax<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Take<'de>> Visitor<'de> for Lax<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::flag(flag))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::fields(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        T::items(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        /// One to try.
        struct Tried<'a> {
            "name" => name: Str<'a>,
            "count" => count: Number,
            "yes" => yes: Flag,
            "inner" => inner: List<Tried<'a>>,
            "text" => text: LineCount,
        }
        unknown unknown besides ["known"]
    }

    #[test]
    fn values_of_other_types_are_absent_and_the_last_of_a_name_wins() {
        let line = br#"{"count":"x","name":{"a":[1]},"yes":1,"count":-1,"name":[],"name":"a","inner":[{"count":7},3,null]}"#;
        let tried: Tried<'_> = read(line).unwrap();
        assert_eq!((tried.count.0, tried.name.get(), tried.yes.0), (None, "a", None));
        let counts: Vec<_> = tried.inner.0.iter().map(|inner| inner.count.0).collect();
        assert_eq!(counts, [Some(7), None, None]);
    }

    #[test]
    fn names_are_the_same_however_they_are_escaped() {
        let line = br#" { "n\u0061me" : "\u0061" , "known": 1, "other" : {} } "#;
        let tried: Tried<'_> = read(line).unwrap();
        assert!(tried.name.is("a"));
        assert_eq!(tried.unknown, ["other"]);
    }

    #[test]
    fn each_broken_line_has_its_class() {
        let class = |line: &[u8]| read::<Tried<'_>>(line).err();
        assert_eq!(class(b"\0\0\0"), Some(LineError::Nul));
        assert_eq!(class(b"{\"name\":\"\xff\"}"), Some(LineError::NotUtf8));
        assert_eq!(class(b"{\"name\":\"a"), Some(LineError::CutOff));
        assert_eq!(class(b"[1]"), Some(LineError::Shape));
        assert_eq!(class(b"7"), Some(LineError::Shape));
        assert_eq!(class(b"{} {}"), Some(LineError::NotJson));
        assert_eq!(class(b"{\"count\":1e999}"), Some(LineError::NotJson));
        let deep = [b"{\"inner\":[".repeat(200), b"]}".repeat(200)].concat();
        assert_eq!(class(&deep), Some(LineError::TooDeep));
        let skipped =
            [b"{\"x\":".to_vec(), b"[".repeat(100_000), b"]".repeat(100_000), b"}".to_vec()];
        assert_eq!(class(&skipped.concat()), None);
    }
}
