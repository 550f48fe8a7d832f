// Before anything is drawn: whether this is the page for a server of the visitor's own.
document.documentElement.dataset.server = location.pathname === '/own-server' ? 'own' : 'demo';
