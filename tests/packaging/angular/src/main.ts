import { HttpClient, provideHttpClient } from '@angular/common/http';
import { Component, effect, inject, provideZoneChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { ActivatedRoute, provideRouter, Router, RouterOutlet } from '@angular/router';
import { AuthClient } from 'tokenward';
import { injectAuth, injectSession, provideAuth, provideAuthBackend, requireAuth } from 'tokenward/angular';

const failed = ({ message, error = message }: { message: string; error?: unknown }) => {
  document.title = `failed: ${message}: ${error}`;
};

@Component({ template: '<button type="button" (click)="signIn()">Sign in</button>' })
class Login {
  readonly auth = injectAuth();
  readonly router = inject(Router);
  readonly params = inject(ActivatedRoute).snapshot.queryParamMap;
  signIn() {
    document.title = 'signing in';
    this.auth
      .login({ email: 'ada@example.com', password: 'analytical engine' })
      .then(() => this.router.navigateByUrl(this.params.get('redirect') ?? '/'))
      .catch(failed);
  }
}

@Component({ template: '<p>{{ email() }}</p><button type="button" (click)="signOut()">Sign out</button>' })
class Mine {
  readonly auth = injectAuth();
  readonly session = injectSession();
  readonly email = signal('');
  constructor() {
    inject(HttpClient)
      .get<{ email: string }>('/api/me')
      .subscribe({
        next: ({ email }) => this.email.set(email),
        // Without a user, the guard shows the login.
        error: (problem) => problem.error?.code === 'SIGNED_OUT' || failed(problem),
      });
    effect(() => {
      if (this.email()) document.title = `${this.session.status()}: ${this.email()}`;
    });
  }
  signOut() {
    document.title = 'signing out';
    this.auth.logout();
  }
}

@Component({ selector: 'app-root', imports: [RouterOutlet], template: '<router-outlet />' })
class App {}

const isolation = (new URLSearchParams(location.search).get('isolation') ?? 'page') as 'page';
bootstrapApplication(App, {
  providers: [
    'Zone' in globalThis ? provideZoneChangeDetection() : [],
    provideAuth(new AuthClient({ isolation })),
    provideHttpClient(),
    provideAuthBackend(),
    provideRouter([
      { path: 'login', component: Login },
      { path: 'mine', component: Mine, canActivate: [requireAuth()] },
    ]),
  ],
}).catch(failed);
