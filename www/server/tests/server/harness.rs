//! Servers to test: in this process, or as processes of their own that can be killed; and Redis.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenward_server::{Config, DEMO_ACCOUNTS, app};

/// A server in this process, or one of its own. Its data lie in a folder that goes with it.
pub struct Server {
    pub address: SocketAddr,
    pub http: Client,
    pub folder: Arc<TempDir>,
    process: Option<Process>,
}

struct Process {
    child: Child,
    settings: Vec<(String, String)>,
    /// What it wrote, as far as it has been read.
    log: Arc<Mutex<String>>,
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
        Self { address, http: Client::new(), folder, process: None }
    }

    /// As a process of its own.
    pub fn spawn(settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut settings = environment(&folder, settings);
        settings.retain(|(name, _)| name != "PORT");
        settings.push(("PORT".into(), free_port().to_string()));
        let (process, address) = Process::start(settings);
        Self { address, http: Client::new(), folder, process: Some(process) }
    }

    /// `SIGKILL`: no farewell.
    pub fn kill(&mut self) {
        let process = self.process.as_mut().unwrap();
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// A new process in the place of the one that was killed, at the same address.
    pub fn start_again(&mut self) {
        let before = self.process.take().unwrap();
        let (process, _) = Process::start(before.settings.clone());
        self.process = Some(process);
        self.http = Client::new();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.process.as_mut().unwrap().child.wait().unwrap()
    }

    pub fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().child.id()
    }

    pub fn log(&self) -> String {
        self.process.as_ref().unwrap().log.lock().unwrap().clone()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn login(&self) -> Granted {
        let (email, password, _) = DEMO_ACCOUNTS[0];
        let body = json!({ "email": email, "password": password });
        granted(self.request(Method::POST, "/auth/login").json(&body)).await
    }

    pub async fn login_as_user(&self) -> Granted {
        let (email, password, _) = DEMO_ACCOUNTS[1];
        let body = json!({ "email": email, "password": password });
        granted(self.request(Method::POST, "/auth/login").json(&body)).await
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
        let mut child = Command::new(env!("CARGO_BIN_EXE_tokenward-server"))
            .env_clear()
            .envs(settings.clone())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = |line: std::io::Result<String>| line.ok()?.split_once("listening on http://")?.1.parse().ok();
        let address = lines.by_ref().find_map(listening).expect("the server says where it listens");
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *written.lock().unwrap() += &(line + "\n");
            }
        });
        (Self { child, settings, log }, address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What tests want of a server unless they say otherwise.
fn environment(folder: &TempDir, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let database = folder.path().join("t.db");
    let own = [
        ("DATABASE", database.to_str().unwrap()),
        ("PORT", "0"),
        ("DEMO", "true"),
        ("LEEWAY", "0"),
        ("LOGIN_LIMIT", "100000"),
        ("COOKIE_SECURE", "true"),
    ];
    let wanted = |name: &str| settings.iter().any(|(one, _)| *one == name);
    let own = own.iter().filter(|(name, _)| !wanted(name));
    own.chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Keys for servers that share them.
pub const SHARED_KEYS: [(&str, &str); 3] = [
    ("ALGORITHM", "HS256"),
    ("SIGNING_KEY", "c2lnbmluZy1rZXktZm9yLXRlc3RzLW9ubHktMDAwMDAwMDE"),
    ("REFRESH_KEY", "cmVmcmVzaC1rZXktZm9yLXRlc3RzLW9ubHktMDAwMDE"),
];

/// A real Redis server on a free port, that writes its data down.
pub struct Redis {
    port: u16,
    /// Where the nodes of a cluster talk to each other.
    bus: u16,
    cluster: bool,
    folder: TempDir,
    child: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        Self::launch(false)
    }

    /// Two nodes that share the slots.
    pub fn cluster() -> [Self; 2] {
        let nodes = [Self::launch(true), Self::launch(true)];
        nodes[0].ask("CLUSTER ADDSLOTSRANGE 0 8191");
        nodes[1].ask("CLUSTER ADDSLOTSRANGE 8192 16383");
        nodes[1].ask(&format!("CLUSTER MEET 127.0.0.1 {} {}", nodes[0].port, nodes[0].bus));
        for node in &nodes {
            eventually("the cluster is complete", || {
                let info = node.ask("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
            });
        }
        nodes
    }

    fn launch(cluster: bool) -> Self {
        let mut redis =
            Self { port: free_port(), bus: free_port(), cluster, folder: tempfile::tempdir().unwrap(), child: None };
        redis.start_again();
        redis
    }

    pub fn start_again(&mut self) {
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
        eventually("Redis answers", || self.try_ask("PING").is_ok_and(|answer| answer.contains("PONG")));
    }

    /// Ends it, in good order or not; its data stay.
    pub fn stop(&mut self, how: Ending) {
        let mut child = self.child.take().unwrap();
        match how {
            Ending::Orderly => drop(self.try_ask("SHUTDOWN")),
            Ending::Killed => child.kill().unwrap(),
        }
        child.wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn ask(&self, command: &str) -> String {
        self.try_ask(command).unwrap()
    }

    fn try_ask(&self, command: &str) -> std::io::Result<String> {
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
pub enum Ending {
    Orderly,
    Killed,
}

/// A port that is free, and stays so while a server is away: not one of those that connections are made from.
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

/// Waits until something is so; fails after ten seconds.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within ten seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub struct Granted {
    pub access: String,
    pub refresh: String,
    pub body: Value,
    pub headers: HeaderMap,
}

pub async fn granted(request: RequestBuilder) -> Granted {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers().clone();
    let body: Value = response.json().await.unwrap();
    let refresh = match headers.get(SET_COOKIE) {
        Some(cookie) => cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned(),
        None => body["refreshToken"].as_str().unwrap().to_owned(),
    };
    Granted { access: body["accessToken"].as_str().unwrap().to_owned(), refresh, body, headers }
}

pub async fn refused(request: RequestBuilder) -> (u16, String, HeaderMap) {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body: Value = response.json().await.unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned(), headers)
}

pub async fn outcome(request: RequestBuilder) -> (u16, String) {
    let (status, code, _) = refused(request).await;
    (status, code)
}

pub fn payload(token: &str) -> Value {
    let segment = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
}
