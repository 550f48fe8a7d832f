// Selects the page variant before the first paint: `/own-server` or the demo server.
document.documentElement.dataset.server = location.pathname === '/own-server' ? 'own' : 'demo';
