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

/// A server on SQLite, and one on Redis, as processes.
pub fn on_each_store(settings: &[(&str, &str)]) -> Vec<(Server, Option<Redis>)> {
    let redis = Redis::start();
    let shared = redis.settings();
    let mut with_redis = settings.to_vec();
    with_redis.extend(shared.iter().map(|(name, value)| (*name, value.as_str())));
    vec![(Server::spawn(settings), None), (Server::spawn(&with_redis), Some(redis))]
}

/// Two servers with the same keys and the same store: Redis, or one SQLite file.
pub async fn two_servers(redis: Option<&Redis>, settings_of_test: &[(&str, &str)]) -> [Server; 2] {
    let mut settings = SHARED_KEYS.to_vec();
    settings.extend_from_slice(settings_of_test);
    let url = redis.map(Redis::url);
    settings.extend(url.as_deref().map(|url| ("REDIS_URL", url)));
    let first = Server::start_with(&settings).await;
    let second = Server::start_in(first.folder.clone(), &settings).await;
    [first, second]
}

/// A real Redis server on a free port, with an append-only file.
pub struct Redis {
    port: u16,
    /// The port on which the nodes of a cluster talk to each other.
    bus: u16,
    cluster: bool,
    folder: TempDir,
    child: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        Self::launch(false)
    }

    /// A replica of this server, which has all of its data.
    pub fn replica(&self) -> Self {
        let replica = Self::start();
        replica.command(&format!("REPLICAOF 127.0.0.1 {}", self.port));
        eventually("the replica is in step", || replica.command("INFO replication").contains("master_link_status:up"));
        replica
    }

    /// A cluster of two nodes.
    pub fn cluster() -> [Self; 2] {
        let nodes = [Self::launch(true), Self::launch(true)];
        nodes[0].command("CLUSTER ADDSLOTSRANGE 0 8191");
        nodes[1].command("CLUSTER ADDSLOTSRANGE 8192 16383");
        nodes[1].command(&format!("CLUSTER MEET 127.0.0.1 {} {}", nodes[0].port, nodes[0].bus));
        for node in &nodes {
            eventually("the cluster is complete", || {
                let info = node.command("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
            });
        }
        nodes
    }

    fn launch(cluster: bool) -> Self {
        let mut redis =
            Self { port: free_port(), bus: free_port(), cluster, folder: tempfile::tempdir().unwrap(), child: None };
        redis.restart();
        redis
    }

    pub fn restart(&mut self) {
        let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let mut command = Command::new(&program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(["--dir", self.folder.path().to_str().unwrap()]);
        if self.cluster {
            command.args(["--cluster-enabled", "yes", "--cluster-port", &self.bus.to_string()]);
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

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The settings of a server that uses this Redis.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings: Vec<_> = SHARED_KEYS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        settings.push(("REDIS_URL", self.url()));
        settings
    }

    pub fn command(&self, command: &str) -> String {
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
