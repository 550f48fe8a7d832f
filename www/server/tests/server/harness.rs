//! Starts servers (in this process, or as a process that a test can kill) and Redis, and sends requests to them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenward_server::{Config, DEMO_ACCOUNTS, app};

/// A server, in this process or in another one. Its data are in a temporary folder.
pub struct Server {
    pub address: SocketAddr,
    pub http: Client,
    pub folder: Arc<TempDir>,
    process: Option<Process>,
}

struct Process {
    child: Child,
    settings: Vec<(String, String)>,
    /// What the process has written to its standard output.
    log: Arc<Mutex<String>>,
    /// The thread that reads the log. It ends with the process.
    reader: Option<JoinHandle<()>>,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), settings).await
    }

    pub async fn start_in(folder: Arc<TempDir>, settings: &[(&str, &str)]) -> Self {
        let env: HashMap<String, String> = environment(&folder, settings).into_iter().collect();
        let config = Config::from_env(|name| env.get(name).cloned()).unwrap();
        let router = app(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, http: client(), folder, process: None }
    }

    /// Starts the server as another process.
    pub fn spawn(settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut settings = environment(&folder, settings);
        settings.retain(|(name, _)| name != "PORT");
        settings.push(("PORT".into(), free_port().to_string()));
        let (process, address) = Process::start(settings);
        Self { address, http: client(), folder, process: Some(process) }
    }

    /// Runs a command of the server's program, with the settings of this process.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let settings = self.process.as_ref().unwrap().settings.clone();
        let mut child = Command::new(program())
            .args(arguments)
            .env_clear()
            .envs(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Kills the process with `SIGKILL`.
    pub fn kill(&mut self) {
        let process = self.process.as_mut().unwrap();
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// Starts a new process with the same settings and address, after `kill`.
    pub fn restart(&mut self) {
        let previous = self.process.take().unwrap();
        let (process, _) = Process::start(previous.settings.clone());
        self.process = Some(process);
        self.http = client();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.process.as_mut().unwrap().child.wait().unwrap()
    }

    pub fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().child.id()
    }

    /// What the process has logged, once the log contains `text`. A thread of the test reads the log, so that lines arrive
    /// here later than the response to the request that wrote them.
    pub async fn log_with(&self, text: &str) -> String {
        for _ in 0..3_000 {
            let log = self.process.as_ref().unwrap().log.lock().unwrap().clone();
            if log.contains(text) {
                return log;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the log does not contain {text:?}");
    }

    /// Kills the process and returns everything that it has logged.
    pub fn kill_and_read_log(&mut self) -> String {
        self.kill();
        let process = self.process.as_mut().unwrap();
        process.reader.take().expect("the log is read once").join().unwrap();
        process.log.lock().unwrap().clone()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn login(&self) -> Tokens {
        let (email, password, _) = DEMO_ACCOUNTS[0];
        let body = json!({ "email": email, "password": password });
        tokens(self.request(Method::POST, "/auth/login").json(&body)).await
    }

    pub async fn login_as_grace(&self) -> Tokens {
        let (email, password, _) = DEMO_ACCOUNTS[1];
        let body = json!({ "email": email, "password": password });
        tokens(self.request(Method::POST, "/auth/login").json(&body)).await
    }

    pub fn refresh(&self, refresh: &str, key: Option<&str>) -> RequestBuilder {
        let request = self.request(Method::POST, "/auth/refresh").header(COOKIE, format!("refresh_token={refresh}"));
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    pub fn me(&self, token: &str) -> RequestBuilder {
        self.request(Method::GET, "/api/me").bearer_auth(token)
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    pub async fn metrics(&self) -> String {
        self.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap()
    }

    pub async fn counted(&self, event: &str) -> u64 {
        let line = format!("tokenward_events_total{{event=\"{event}\"}} ");
        self.metrics().await.lines().find_map(|l| l.strip_prefix(&line)).unwrap().parse().unwrap()
    }
}

impl Process {
    fn start(settings: Vec<(String, String)>) -> (Self, SocketAddr) {
        let mut child = Command::new(program())
            .env_clear()
            .envs(settings.clone())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut start = String::new();
        let listening = |line: std::io::Result<String>| {
            let line = line.ok()?;
            let address = line.split_once("listening on http://").and_then(|(_, address)| address.parse().ok());
            if address.is_none() {
                start.extend([line.as_str(), "\n"]);
            }
            address
        };
        let address = lines.by_ref().find_map(listening).expect("the server prints its address");
        let log = Arc::new(Mutex::new(start));
        let written = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *written.lock().unwrap() += &(line + "\n");
            }
        });
        (Self { child, settings, log, reader: Some(reader) }, address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's program. `SERVER_PROGRAM` names another build of it, for example an older one, to see that a test fails.
pub fn program() -> String {
    std::env::var("SERVER_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tokenward-server").to_owned())
}

/// An HTTP client that follows no redirect.
fn client() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The settings of a test server: defaults for tests, and the settings of the test.
fn environment(folder: &TempDir, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let database = folder.path().join("t.db");
    let defaults = [
        ("DATABASE", database.to_str().unwrap()),
        ("PORT", "0"),
        ("DEMO", "true"),
        ("DEMO_PUBLIC", "true"),
        ("LEEWAY", "0"),
        ("LOGIN_LIMIT", "100000"),
        ("COOKIE_SECURE", "true"),
    ];
    let is_set = |name: &str| settings.iter().any(|(one, _)| *one == name);
    let defaults = defaults.iter().filter(|(name, _)| !is_set(name));
    defaults.chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Keys for several servers.
pub const SHARED_KEYS: [(&str, &str); 3] = [
    ("ALGORITHM", "HS256"),
    ("SIGNING_KEY", "c2lnbmluZy1rZXktZm9yLXRlc3RzLW9ubHktMDAwMDAwMDE"),
    ("REFRESH_KEY", "cmVmcmVzaC1rZXktZm9yLXRlc3RzLW9ubHktMDAwMDE"),
];

/// A server on SQLite, one on Redis, and one on a Redis Cluster, as processes.
pub fn on_each_store(settings: &[(&str, &str)]) -> Vec<(Server, Option<Redis>)> {
    let mut servers = vec![(Server::spawn(settings), None)];
    for redis in [Redis::start(), Redis::cluster(3, 0)] {
        servers.push((on_redis(&redis, settings), Some(redis)));
    }
    servers
}

/// A server on this Redis, as a process.
pub fn on_redis(redis: &Redis, settings: &[(&str, &str)]) -> Server {
    let shared = redis.settings();
    let mut all = settings.to_vec();
    all.extend(shared.iter().map(|(name, value)| (*name, value.as_str())));
    Server::spawn(&all)
}

/// Two servers with the same keys and the same store: Redis, or one SQLite file.
pub async fn two_servers(redis: Option<&Redis>, settings_of_test: &[(&str, &str)]) -> [Server; 2] {
    let mut settings = SHARED_KEYS.to_vec();
    settings.extend_from_slice(settings_of_test);
    let of_redis = redis.map(Redis::connection).unwrap_or_default();
    settings.extend(of_redis.iter().map(|(name, value)| (*name, value.as_str())));
    let first = Server::start_with(&settings).await;
    let second = Server::start_in(first.folder.clone(), &settings).await;
    [first, second]
}

/// A real Redis server on a free port, with an append-only file; or a cluster of them.
pub struct Redis {
    port: u16,
    /// The port for TLS, if the server has one.
    tls: Option<u16>,
    /// The port on which the nodes of a cluster talk to each other.
    bus: u16,
    is_cluster: bool,
    folder: TempDir,
    child: Option<Child>,
    /// The other nodes of the cluster.
    others: Vec<Self>,
}

impl Redis {
    pub fn start() -> Self {
        Self::launch(false, false)
    }

    /// With TLS, and the certificate `tests/server/tls/redis.pem` for 127.0.0.1.
    pub fn with_tls() -> Self {
        Self::launch(false, true)
    }

    /// A replica of this server, which has all of its data.
    pub fn replica(&self) -> Self {
        let replica = Self::start();
        replica.command(&format!("REPLICAOF 127.0.0.1 {}", self.port));
        replica.wait_for_master();
        replica
    }

    fn wait_for_master(&self) {
        eventually("the replica is in step", || self.command("INFO replication").contains("master_link_status:up"));
    }

    /// A cluster with so many masters, each of which has so many replicas. The replicas are the last nodes.
    pub fn cluster(masters: usize, replicas: usize) -> Self {
        Self::form_cluster(masters, replicas, false)
    }

    pub fn cluster_with_tls() -> Self {
        Self::form_cluster(2, 0, true)
    }

    fn form_cluster(masters: usize, replicas: usize, tls: bool) -> Self {
        let count = masters * (1 + replicas);
        let mut nodes: Vec<_> = (0..count).map(|_| Self::launch(true, tls)).collect();
        for (at, node) in nodes[..masters].iter().enumerate() {
            let first = |at| at * 16_384 / masters;
            node.command(&format!("CLUSTER ADDSLOTSRANGE {} {}", first(at), first(at + 1) - 1));
        }
        // (With TLS, the port of a node is that for TLS.)
        let (port, bus) = (nodes[0].tls.unwrap_or(nodes[0].port), nodes[0].bus);
        for node in &nodes[1..] {
            node.command(&format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
        }
        let knows_all = format!("cluster_known_nodes:{count}\r");
        for node in &nodes {
            eventually("the cluster is complete", || {
                let info = node.command("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains(&knows_all)
            });
        }
        let id = |at: usize| nodes[at].command("CLUSTER MYID").lines().nth(1).unwrap().to_owned();
        let ids: Vec<_> = (0..masters).map(id).collect();
        for (at, node) in nodes[masters..].iter().enumerate() {
            node.command(&format!("CLUSTER REPLICATE {}", ids[at % masters]));
        }
        nodes[masters..].iter().for_each(Self::wait_for_master);
        let mut first = nodes.remove(0);
        first.others = nodes;
        first
    }

    /// A node of the cluster: the masters first, then the replicas.
    pub fn node(&mut self, at: usize) -> &mut Self {
        if at == 0 { self } else { &mut self.others[at - 1] }
    }

    fn launch(is_cluster: bool, tls: bool) -> Self {
        let (port, bus, folder) = (free_port(), free_port(), tempfile::tempdir().unwrap());
        let tls = tls.then(free_port);
        let mut redis = Self { port, tls, bus, is_cluster, folder, child: None, others: Vec::new() };
        redis.restart();
        redis
    }

    pub fn restart(&mut self) {
        let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let mut command = Command::new(&program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(["--dir", self.folder.path().to_str().unwrap()]);
        if self.is_cluster {
            command.args(["--cluster-enabled", "yes", "--cluster-port", &self.bus.to_string()]);
            command.args(["--cluster-node-timeout", "2000"]);
        }
        if let Some(tls) = self.tls {
            command.args(["--tls-port", &tls.to_string(), "--tls-auth-clients", "no"]);
            command.args(["--tls-cert-file", &certificate("redis.pem"), "--tls-key-file", &certificate("redis.key")]);
            command.args(["--tls-ca-cert-file", &certificate("ca.pem")]);
            command.args(if self.is_cluster { &["--tls-cluster", "yes"][..] } else { &[] });
        }
        let child = command.stdout(Stdio::null()).spawn();
        let missing =
            "the tests need redis-server on PATH, or its path in REDIS_SERVER (Debian: apt-get install redis-server)";
        self.child = Some(child.unwrap_or_else(|error| panic!("{program}: {error}; {missing}")));
        eventually("Redis answers", || self.try_command("PING").is_ok_and(|answer| answer.contains("PONG")));
    }

    /// Stops Redis; its data remain.
    pub fn stop(&mut self, how: Stop) {
        let mut child = self.child.take().unwrap();
        match how {
            Stop::Shutdown => drop(self.try_command("SHUTDOWN")),
            Stop::Kill => child.kill().unwrap(),
        }
        child.wait().unwrap();
    }

    /// The addresses of the server, or of all nodes of the cluster.
    pub fn url(&self) -> String {
        let one = |node: &Self| match node.tls {
            Some(port) => format!("rediss://127.0.0.1:{port}"),
            None => format!("redis://127.0.0.1:{}", node.port),
        };
        std::iter::once(self).chain(&self.others).map(one).collect::<Vec<_>>().join(",")
    }

    /// The settings of a server that uses this Redis.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings: Vec<_> = SHARED_KEYS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        settings.extend(self.connection());
        settings
    }

    /// The settings that name this Redis.
    pub fn connection(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("REDIS_URL", self.url()), ("REDIS_CLUSTER", self.is_cluster.to_string())];
        settings.extend(self.tls.map(|_| ("REDIS_CA", certificate("ca.pem"))));
        settings
    }

    /// The answer to a command; of a cluster, the answers of all nodes that have the key or need none.
    pub fn command(&self, command: &str) -> String {
        let nodes = std::iter::once(self).chain(&self.others);
        let answers = nodes.map(|node| node.try_command(command).unwrap());
        answers.filter(|answer| !answer.starts_with("-MOVED")).collect()
    }

    /// The answer of the first node of the cluster.
    pub fn command_of_one_node(&self, command: &str) -> String {
        self.try_command(command).unwrap()
    }

    fn try_command(&self, command: &str) -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut answer = vec![0; 65_536];
        let length = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The path of a file in `tests/server/tls`: certificates that are valid until 2120.
pub fn certificate(name: &str) -> String {
    format!("{}/tests/server/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[derive(Clone, Copy)]
pub enum Stop {
    Shutdown,
    Kill,
}

/// A free port. It is not one of the ports that the system assigns to outgoing connections, so that it is still free when
/// a stopped server starts again.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let port = 10_000 + (std::process::id() * 61 + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until the condition is true; fails after ten seconds.
pub async fn wait_until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(Instant::now() < end, "expected within ten seconds: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the condition is true; fails after ten seconds.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < end, "expected within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The response to a login or refresh.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub body: Value,
    pub headers: HeaderMap,
}

/// Sends a login or refresh that must succeed.
pub async fn tokens(request: RequestBuilder) -> Tokens {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers().clone();
    let body: Value = response.json().await.unwrap();
    let refresh = match headers.get(SET_COOKIE) {
        Some(cookie) => cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned(),
        None => body["refreshToken"].as_str().unwrap().to_owned(),
    };
    Tokens { access: body["accessToken"].as_str().unwrap().to_owned(), refresh, body, headers }
}

/// Sends a request; returns the status, the error code and the headers of the response.
pub async fn rejection(request: RequestBuilder) -> (u16, String, HeaderMap) {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body: Value = response.json().await.unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned(), headers)
}

/// Sends a request; returns the status and the error code of the response.
pub async fn outcome(request: RequestBuilder) -> (u16, String) {
    let (status, code, _) = rejection(request).await;
    (status, code)
}

/// The claims of a JWT.
pub fn payload(token: &str) -> Value {
    let segment = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
}
