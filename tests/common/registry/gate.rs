//! Who is let in, and what fails whoever asks.

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::{Inside, Lie};

/// What is refused before anything is looked at.
pub(super) fn gate(
    inside: &mut Inside,
    method: &Method,
    uri: &Uri,
    shown: Option<&str>,
    body: &Bytes,
) -> Option<Response> {
    let status = |code: u16| StatusCode::from_u16(code).unwrap();
    let challenge = format!(
        r#"Bearer realm="http://{}/token",service="test""#,
        inside.address
    );
    let challenge = || {
        let headers = [(header::WWW_AUTHENTICATE, challenge.clone())];
        Some((StatusCode::UNAUTHORIZED, headers).into_response())
    };
    let token = format!("Bearer sesame{}", inside.tokens);
    for index in 0..inside.lies.len() {
        match inside.lies[index].clone() {
            Lie::Fails(left, code) if left > 0 => {
                inside.lies[index] = Lie::Fails(left - 1, code);
                return Some(status(code).into_response());
            }
            Lie::After(seconds) => {
                inside.lies.remove(index);
                let headers = [(header::RETRY_AFTER, seconds.to_string())];
                return Some((status(429), headers).into_response());
            }
            Lie::Token(user, password) => {
                use base64::Engine as _;
                let pair =
                    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                if uri.path() == "/token" {
                    return Some(if shown == Some(&format!("Basic {pair}")) {
                        format!(r#"{{"token":"sesame{}"}}"#, inside.tokens).into_response()
                    } else {
                        (StatusCode::UNAUTHORIZED, "wrong password s3cret-echo").into_response()
                    });
                }
                if shown != Some(&token) {
                    return challenge();
                }
            }
            Lie::Identity(wanted) => {
                if uri.path() == "/token" {
                    let form = String::from_utf8_lossy(body).into_owned();
                    let right = *method == Method::POST
                        && form.contains("grant_type=refresh_token")
                        && form.contains(&format!("refresh_token={wanted}"));
                    return Some(if right {
                        format!(r#"{{"access_token":"sesame{}"}}"#, inside.tokens).into_response()
                    } else {
                        StatusCode::UNAUTHORIZED.into_response()
                    });
                }
                if shown != Some(&token) {
                    return challenge();
                }
            }
            Lie::TokenHolds(times) if shown == Some(&token) => {
                inside.shown += 1;
                if inside.shown > times {
                    inside.shown = 0;
                    inside.tokens += 1;
                    return challenge();
                }
            }
            _ => {}
        }
    }
    None
}
