//! Private keys as cosign encrypts them: scrypt and `NaCl`'s secret box, in JSON, in PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};
use serde::Deserialize;

use super::Error;

/// The labels of cosign 2 and 3, and of cosign 1.
pub(super) const LABELS: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];
/// Sixteen times the work that cosign asks for; a file that asks for more wants to keep us busy.
const MAX_LOG_N: u8 = 20;
const MAX_R: u32 = 16;
const MAX_P: u32 = 4;

#[derive(Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Opens the content of the PEM block, which is a key in PKCS #8.
pub(super) fn open(content: &[u8], password: &str, name: &str) -> Result<Vec<u8>, Error> {
    let odd = || Error::Encryption(name.to_owned());
    let sealed: Sealed = serde_json::from_slice(content).map_err(|_| odd())?;
    let params = &sealed.kdf.params;
    let log_n = u8::try_from(params.n.checked_ilog2().ok_or_else(odd)?).map_err(|_| odd())?;
    let usual = sealed.kdf.name == "scrypt"
        && sealed.cipher.name == "nacl/secretbox"
        && params.n.is_power_of_two()
        && log_n <= MAX_LOG_N
        && params.r <= MAX_R
        && params.p <= MAX_P;
    if !usual {
        return Err(odd());
    }
    let bytes = |text: &str| STANDARD.decode(text).map_err(|_| odd());
    let (salt, nonce) = (bytes(&sealed.kdf.salt)?, bytes(&sealed.cipher.nonce)?);
    let sealed = bytes(&sealed.ciphertext)?;
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| odd())?;
    let params = scrypt::Params::new(log_n, params.r, params.p).map_err(|_| odd())?;
    let mut key = [0; 32];
    scrypt::scrypt(password.as_bytes(), &salt, &params, &mut key).map_err(|_| odd())?;
    XSalsa20Poly1305::new(&key.into())
        .decrypt(&Nonce::from(nonce), &sealed[..])
        .map_err(|_| Error::Password(name.to_owned()))
}
