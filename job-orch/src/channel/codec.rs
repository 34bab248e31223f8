//! [`Codec`]: how values become bytes, for engines that store or send bytes.

use std::fmt;

use super::BoxError;

/// How values of one type become bytes and come back.
///
/// Its [`id`](Codec::id) is stored with the bytes, so that whoever reads them knows what wrote them.
pub struct Codec<T> {
    id: u8,
    encode: fn(&T) -> Result<Vec<u8>, BoxError>,
    decode: fn(&[u8]) -> Result<T, BoxError>,
}

impl<T> Codec<T> {
    /// A codec of two functions. The numbers below 128 are this crate's own.
    #[must_use]
    pub const fn new(
        id: u8,
        encode: fn(&T) -> Result<Vec<u8>, BoxError>,
        decode: fn(&[u8]) -> Result<T, BoxError>,
    ) -> Self {
        Self { id, encode, decode }
    }

    /// What the codec is called where its bytes are stored.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// Writes a value.
    ///
    /// # Errors
    /// What the value's own serialisation says.
    pub fn encode(&self, value: &T) -> Result<Vec<u8>, BoxError> {
        (self.encode)(value)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Why the bytes are none.
    pub fn decode(&self, bytes: &[u8]) -> Result<T, BoxError> {
        (self.decode)(bytes)
    }
}

#[cfg(feature = "__json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> {
    /// JSON: people look into their queue. Its id is 1.
    #[must_use]
    pub const fn json() -> Self {
        Self::new(1, |value| Ok(serde_json::to_vec(value)?), |bytes| Ok(serde_json::from_slice(bytes)?))
    }
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

impl<T> fmt::Debug for Codec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "__json"))]
mod tests {
    use super::*;

    #[test]
    fn json_comes_back_and_says_why_it_cannot() {
        let codec = Codec::<(String, Option<u8>)>::json();
        let value = ("a\u{1F600}\"".to_owned(), Some(7));
        let bytes = codec.encode(&value).unwrap_or_default();
        assert_eq!(codec.decode(&bytes).ok(), Some(value));
        let error = codec.decode(b"[1,2").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("line 1"), "{error}");
    }
}
