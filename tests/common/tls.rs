//! A listener that wants to see a certificate of whoever connects.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// Takes only those who can show what our authority has signed. Its own certificate is for 0.0.0.0, which is this machine
/// and no loopback address.
pub(crate) struct Guarded {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Guarded {
    pub(crate) async fn bind() -> Self {
        let mut authorities = RootCertStore::empty();
        authorities.add(certificate("ca.crt")).unwrap();
        let wants = WebPkiClientVerifier::builder(Arc::new(authorities));
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let config = ServerConfig::builder()
            .with_client_cert_verifier(wants.build().unwrap())
            .with_single_cert(vec![certificate("server.cert")], key)
            .unwrap();
        Self {
            listener: TcpListener::bind("0.0.0.0:0").await.unwrap(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}

impl axum::serve::Listener for Guarded {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else {
                continue;
            };
            // Whoever is turned away here says so on the other side.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A file of the fixtures, which `openssl` made for a hundred years.
pub(crate) fn file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tls")
        .join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(file(name)).unwrap()
}
