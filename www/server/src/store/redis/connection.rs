//! Connections to one Redis server or to a cluster, with or without TLS.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{Client, Cmd, Pipeline, RedisFuture, TlsCertificates, Value};
use tokio::sync::OnceCell;

use crate::store::StoreError;

/// One Redis server, or a cluster. Does not connect before the first command.
pub enum RedisServer {
    One(ConnectionManager),
    Cluster { client: Box<ClusterClient>, connection: OnceCell<ClusterConnection> },
}

impl RedisServer {
    /// `ca` are the certificates (PEM) that the server's certificate must follow from, instead of those of the system. A
    /// server that takes longer than `timeout` counts as unavailable.
    pub fn single(url: &str, ca: Option<&[u8]>, timeout: Duration) -> Result<Self, StoreError> {
        let client = match certificates(ca) {
            Some(certificates) => Client::build_with_tls(url, certificates)?,
            None => Client::open(url)?,
        };
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            .set_number_of_retries(0)
            .set_max_delay(timeout);
        Ok(Self::One(ConnectionManager::new_lazy_with_config(client, config)?))
    }

    /// A cluster with these nodes; it tells the client of the others.
    pub fn cluster(urls: &[&str], ca: Option<&[u8]>, timeout: Duration) -> Result<Self, StoreError> {
        let mut builder = ClusterClient::builder(urls.iter().copied())
            .connection_timeout(timeout)
            .response_timeout(timeout)
            .retries(2);
        if let Some(certificates) = certificates(ca) {
            builder = builder.certs(certificates);
        }
        Ok(Self::Cluster { client: Box::new(builder.build()?), connection: OnceCell::new() })
    }

    pub async fn connection(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::One(manager) => Connection::One(manager.clone()),
            Self::Cluster { client, connection } => {
                let connect = || async { client.get_async_connection().await };
                Connection::Cluster(connection.get_or_try_init(connect).await?.clone())
            }
        })
    }
}

fn certificates(ca: Option<&[u8]>) -> Option<TlsCertificates> {
    ca.map(|ca| TlsCertificates { client_tls: None, root_cert: Some(ca.to_vec()) })
}

#[derive(Clone)]
pub enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(cmd),
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(cmd, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
