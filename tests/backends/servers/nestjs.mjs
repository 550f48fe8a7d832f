// NestJS with @nestjs/jwt: the login of https://docs.nestjs.com/security/authentication, and the refresh of its many tutorials:
// the refresh token as Bearer, rotated. (Decorators are called as functions: this file is not compiled.)
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Module,
  Post,
  Request,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';

const PORT = Number(process.env.PORT);
const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 300);
const USER = { sub: 1, username: 'ada', email: 'ada@example.com' };
/** The refresh token of each user, as the tutorials keep it: there is one. */
const current = new Map();

/** Applies the decorators of a class, of its methods and of their parameters. */
function decorate(target, { classes = [], inject = [], methods = {} }) {
  Reflect.defineMetadata('design:paramtypes', inject, target);
  for (const [name, { parameters = [], decorators }] of Object.entries(methods)) {
    parameters.forEach((decorator, index) => {
      decorator(target.prototype, name, index);
    });
    for (const decorator of decorators)
      decorator(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
  }
  for (const decorator of classes) decorator(target);
}

/** A guard for tokens of one kind, as in the documentation. */
function guard(kind) {
  class Guard {
    constructor(jwt) {
      this.jwt = jwt;
    }
    async canActivate(context) {
      const request = context.switchToHttp().getRequest();
      const [type, token] = request.headers.authorization?.split(' ') ?? [];
      try {
        request.user = await this.jwt.verifyAsync(type === 'Bearer' ? token : '');
      } catch {
        throw new UnauthorizedException();
      }
      if (request.user.kind !== kind || (kind === 'refresh' && current.get(request.user.sub) !== request.user.jti))
        throw new UnauthorizedException();
      return true;
    }
  }
  decorate(Guard, { inject: [JwtService] });
  return Guard;
}
const AccessGuard = guard('access');
const RefreshGuard = guard('refresh');

class AuthController {
  constructor(jwt) {
    this.jwt = jwt;
  }
  async issue() {
    const jti = randomUUID();
    current.set(USER.sub, jti);
    return {
      access_token: await this.jwt.signAsync({ ...USER, kind: 'access' }, { expiresIn: ACCESS_SECONDS }),
      refresh_token: await this.jwt.signAsync({ ...USER, kind: 'refresh', jti }, { expiresIn: '7d' }),
    };
  }
  login({ username, password }) {
    if (username !== 'ada' || password !== 'analytical engine') throw new UnauthorizedException();
    return this.issue();
  }
  refresh() {
    return this.issue();
  }
  logout({ user }) {
    current.delete(user.sub);
    return {};
  }
  me({ user }) {
    return { email: user.email };
  }
  echo(body) {
    return body;
  }
}
decorate(AuthController, {
  inject: [JwtService],
  methods: {
    login: { parameters: [Body()], decorators: [HttpCode(200), Post('auth/login')] },
    refresh: { decorators: [UseGuards(RefreshGuard), HttpCode(200), Post('auth/refresh')] },
    logout: { parameters: [Request()], decorators: [UseGuards(AccessGuard), HttpCode(200), Post('auth/logout')] },
    me: { parameters: [Request()], decorators: [UseGuards(AccessGuard), Get('api/me')] },
    echo: { parameters: [Body()], decorators: [UseGuards(AccessGuard), HttpCode(200), Post('api/echo')] },
  },
  classes: [Controller()],
});

class AppModule {}
decorate(AppModule, {
  classes: [
    Module({
      imports: [JwtModule.register({ global: true, secret: 'k'.repeat(50) })],
      controllers: [AuthController],
    }),
  ],
});

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(PORT, '127.0.0.1');
console.log(`listening on http://127.0.0.1:${PORT}`);
