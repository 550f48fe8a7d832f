// The client that tutorials write: the token in a private field, one refresh for all, one retry.
class HandWritten {
  accessToken = null;
  refreshPromise = null;
  async login(credentials) {
    const response = await fetch('/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      credentials: 'include',
      body: JSON.stringify(credentials),
    });
    if (!response.ok) return false;
    this.take(await response.json());
    return true;
  }
  async fetch(url, options = {}) {
    if (!this.accessToken) await this.refresh();
    const send = () =>
      fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${this.accessToken}` } });
    const response = await send();
    if (response.status === 401 && (await this.refresh())) return send();
    return response;
  }
  async refresh() {
    this.refreshPromise ??= this.doRefresh();
    const result = await this.refreshPromise;
    this.refreshPromise = null;
    return result;
  }
  async doRefresh() {
    const response = await fetch('/auth/refresh', { method: 'POST', credentials: 'include' });
    if (!response.ok) {
      this.accessToken = null;
      return false;
    }
    this.take(await response.json());
    return true;
  }
  take({ accessToken, expiresIn }) {
    this.accessToken = accessToken;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), (expiresIn - 60) * 1000);
  }
  async logout() {
    clearTimeout(this.timer);
    await fetch('/auth/logout', { method: 'POST', credentials: 'include' });
    this.accessToken = null;
  }
}

export const open = async () => new HandWritten();
