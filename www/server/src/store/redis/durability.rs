//! Waits until the changes so far are on replicas (`WAIT`) or on disks (`WAITAOF`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{FromRedisValue, Pipeline, RedisResult, Value, cmd};
use tokio::sync::Mutex;

use super::connection::{Connection, RedisServer};
use crate::store::StoreError;

/// How long a change may take to reach the replicas.
const REPLICAS_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a change may take to reach the disks: with `appendfsync everysec`, Redis writes once a second.
const DISK_TIMEOUT: Duration = Duration::from_millis(2_500);

/// What [`Durability::confirm`] waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitFor {
    /// The number of replicas, of each master of a cluster, that must have received the changes.
    pub replicas: u32,
    /// Whether the changes must be on the disk of the master, and of as many replicas.
    pub disk: bool,
}

impl WaitFor {
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// How long Redis may take to answer.
    pub fn timeout(self) -> Duration {
        self.limit() + Duration::from_millis(500)
    }

    fn limit(self) -> Duration {
        if self.disk { DISK_TIMEOUT } else { REPLICAS_TIMEOUT }
    }
}

/// Waits on connections of its own, because `WAIT` blocks its connection. One wait confirms all changes before it, so that
/// many requests together wait for one.
pub struct Durability {
    wait_for: WaitFor,
    server: RedisServer,
    /// The number of calls so far.
    calls: AtomicU64,
    waited: Mutex<Waited>,
}

#[derive(Default)]
struct Waited {
    /// The calls that a wait covered, and of these the calls that a wait confirmed.
    covered: u64,
    confirmed: u64,
    /// Why the last wait failed.
    problem: String,
}

impl Durability {
    pub fn new(wait_for: WaitFor, server: RedisServer) -> Self {
        Self { wait_for, server, calls: AtomicU64::new(0), waited: Mutex::default() }
    }

    /// Waits until the changes before this call are as durable as the settings require.
    pub async fn confirm(&self) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let mut waited = self.waited.lock().await;
        if waited.covered < call {
            let covered = self.calls.load(Ordering::SeqCst);
            let outcome = self.wait().await;
            waited.covered = covered;
            match outcome {
                Ok(()) => waited.confirmed = covered,
                Err(error) => waited.problem = error.to_string(),
            }
        }
        if call <= waited.confirmed { Ok(()) } else { Err(StoreError::Unavailable(waited.problem.clone())) }
    }

    async fn wait(&self) -> Result<(), StoreError> {
        let connection = self.server.connection().await?;
        for mut node in masters(connection).await? {
            self.wait_on(&mut node).await?;
        }
        Ok(())
    }

    async fn wait_on(&self, node: &mut Node) -> Result<(), StoreError> {
        let WaitFor { replicas, disk } = self.wait_for;
        let millis = self.wait_for.limit().as_millis() as u64;
        if !disk {
            return expect_replicas(replicas, node.after_a_command("WAIT", &[replicas.into(), millis]).await?);
        }
        match node.after_a_command("WAITAOF", &[1, replicas.into(), millis]).await {
            Ok((0_u32, _)) => Err(StoreError::Unavailable("Redis: the last changes are not on its disk yet".into())),
            // With `appendfsync no`, Redis counts as written what the operating system still holds.
            Ok((_, on_disks)) => {
                node.expect_fsync(&["always", "everysec"]).await?;
                expect_replicas(replicas, on_disks)
            }
            Err(error) if error.to_string().contains("unknown command") => {
                // Redis before 7.2: with `always`, it answers a change when the change is on the disk.
                node.expect_fsync(&["always"]).await?;
                expect_replicas(replicas, node.after_a_command("WAIT", &[replicas.into(), millis]).await?)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn expect_replicas(expected: u32, received: u32) -> Result<(), StoreError> {
    if received >= expected {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!("Redis: expected {expected} replicas with the last changes, got {received}")))
}

/// A server that receives changes.
enum Node {
    One(ConnectionManager),
    Of(ClusterConnection, SingleNodeRoutingInfo),
}

/// The one server, or the masters of the cluster.
async fn masters(connection: Connection) -> Result<Vec<Node>, StoreError> {
    let mut cluster = match connection {
        Connection::One(manager) => return Ok(vec![Node::One(manager)]),
        Connection::Cluster(cluster) => cluster,
    };
    let every_master = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answers = cluster.route_command(cmd("PING"), every_master).await?;
    let answers = HashMap::<String, Value>::from_redis_value(answers).map_err(redis::RedisError::from)?;
    let node = |address: &String| {
        let (host, port) = address.rsplit_once(':')?;
        let route = SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port: port.parse().ok()? };
        Some(Node::Of(cluster.clone(), route))
    };
    Ok(answers.keys().filter_map(node).collect())
}

impl Node {
    /// Runs a command that waits, after a command that does nothing: Redis waits for what it had written when the
    /// connection sent its last command before.
    async fn after_a_command<T: FromRedisValue>(&mut self, name: &str, arguments: &[u64]) -> RedisResult<T> {
        let mut commands = redis::pipe();
        commands.cmd("PING").cmd(name).arg(arguments);
        let answer = self.run(commands).await?.pop().unwrap_or(Value::Nil);
        Ok(T::from_redis_value(answer)?)
    }

    /// Checks that Redis has an append-only file, and one of these values of `appendfsync`.
    async fn expect_fsync(&mut self, accepted: &[&str]) -> Result<(), StoreError> {
        let mut commands = redis::pipe();
        commands.cmd("CONFIG").arg("GET").arg("appendonly").cmd("CONFIG").arg("GET").arg("appendfsync");
        let mut found = HashMap::new();
        for answer in self.run(commands).await? {
            found.extend(HashMap::<String, String>::from_redis_value(answer).map_err(redis::RedisError::from)?);
        }
        let value = |name: &str| found.get(name).map_or("", String::as_str);
        if value("appendonly") == "yes" && accepted.contains(&value("appendfsync")) {
            return Ok(());
        }
        Err(StoreError::Unavailable(
            "Redis: REDIS_WAIT_DISK needs `appendonly yes`, and `appendfsync always` or, with Redis 7.2, `everysec`"
                .into(),
        ))
    }

    async fn run(&mut self, commands: Pipeline) -> RedisResult<Vec<Value>> {
        let count = commands.len();
        let answers = match self {
            Self::One(manager) => manager.req_packed_commands(&commands, 0, count).await?,
            Self::Of(cluster, route) => cluster.route_pipeline(commands, 0, count, route.clone()).await?,
        };
        answers.into_iter().map(Value::extract_error).collect()
    }
}
