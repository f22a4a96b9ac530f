import { hash } from 'node:crypto';
import type { WaitingPicture } from '../candidates/fetch-queue.repository.ts';
import { steadyClock, systemClock } from '../../kernel/clock.ts';
import type { PictureRead } from './fetch.process.ts';
import { BodyBuffers } from '../../platform/http/body-buffers.ts';
import { download, type DownloadResult } from '../../platform/http/download.ts';
import type { HttpAnswer } from '../../platform/http/exchange.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { FLICKR_PLACEHOLDER_BYTES, isFlickrPlaceholder } from '../sources/flickr/placeholder.ts';
import { isAboutHost } from '../sources/host-health.ts';
import { problemOf, type HttpFailure, type Refusal } from '../../platform/http/http-outcome.ts';
import { Patience } from '../sources/patience.ts';
import { holdKey } from '../sources/permit-pause.repository.ts';
import { MAX_RETRY_AFTER_MS, RATE_LIMITED_PAUSE_MS, retryDelayMs } from '../sources/retry-policy.ts';
import { headerSignals, refusedSignal } from '../sources/usage-signals.ts';
import { HostGate, HostWaits, NetworkGone, type Visit } from '../network/host-gate.process.ts';
import { httpLimits, openHttp, ROBOTS_AGENT } from '../network/http.process.ts';
import type { App } from '../../runtime/open/app.process.ts';

/** Every request first passes the host gate. Headers are checked for opt-outs before the body is read, within all limits. */
export class NetworkPictures {
  /** True once the network is given up. */
  isGone = false;
  readonly #app: App;
  readonly #signal: AbortSignal;
  readonly #client: HttpClient;
  readonly #gate: HostGate;
  readonly #buffers = new BodyBuffers();
  /** Server errors in a row, by the key of a site that asks for pauses after them. */
  readonly #errors = new Map<string, number>();
  readonly #patience: Patience;
  readonly #onNetworkGone: (gone: NetworkGone) => Promise<void>;

  /** @param options.giveUpAfterMs null: pictures wait for the network for ever, and `onNetworkGone` is not called */
  constructor(
    app: App,
    signal: AbortSignal,
    {
      giveUpAfterMs,
      onNetworkGone,
    }: { giveUpAfterMs: number | null; onNetworkGone: (gone: NetworkGone) => Promise<void> },
  ) {
    this.#app = app;
    this.#signal = signal;
    this.#onNetworkGone = onNetworkGone;
    this.#client = openHttp(app.config);
    this.#patience = new Patience(giveUpAfterMs);
    this.#gate = new HostGate(app, signal, giveUpAfterMs);
  }

  close(): void {
    this.#client.close();
    this.#gate.close();
  }

  async read(picture: WaitingPicture): Promise<PictureRead> {
    const visit: Visit = { source: picture.source, permits: [], signals: [], isFinal: false };
    const read = await this.#visit(picture, visit);
    return 'problem' in read || read.kind === 'bytes' ? { ...read, signals: visit.signals } : read;
  }

  async #visit(picture: WaitingPicture, visit: Visit): Promise<PictureRead> {
    try {
      const result = await download({ url: picture.url }, httpLimits(this.#app.config), {
        client: this.#client,
        signal: this.#signal,
        beforeRequest: (url) => this.#gate.pass(url, visit),
        onHeaders: (answer) => this.#optOut(answer, visit),
        buffers: this.#buffers,
      });
      await this.#gate.settle(visit, result.receivedBytes);
      this.#noteHealth(result, visit);
      return result.ok ? received(result, this.#buffers) : await this.#refused(picture, result, visit);
    } catch (error) {
      await this.#gate.settle(visit, 0);
      if (error instanceof HostWaits) return this.#waitFor(error);
      if (error instanceof NetworkGone) {
        this.isGone = true;
        await this.#onNetworkGone(error);
        return { kind: 'host-waits', waitMs: SUSPECT_PAUSE_MS, why: error.message };
      }
      if (this.#signal.aborted) return { kind: 'host-waits', waitMs: 0, why: 'interrupted' };
      throw error;
    }
  }

  /** Records whether the last host could be reached. A visit that got no permit has sent no request. */
  #noteHealth(result: DownloadResult, visit: Visit): void {
    if (result.finalUrl === null) return;
    if (result.ok || (result.status ?? 500) < 500)
      this.#errors.delete(this.#gate.keyOf(result.finalUrl, visit.source).key);
    const { host } = new URL(result.finalUrl);
    const nowMs = steadyClock.nowMs();
    if (result.ok || result.status !== null || result.reason === 'reset') this.#gate.health.answered(host, nowMs);
    else if (isAboutHost(result.reason) && !visit.isFinal) this.#gate.health.failed(host, result, nowMs);
  }

  async #refused(picture: WaitingPicture, failure: HttpFailure, visit: Visit): Promise<PictureRead> {
    const { reason, status, retryAfterMs, detail, finalUrl } = failure;
    const { health } = this.#gate;
    const url = finalUrl ?? picture.url;
    const { key, pauseAfterErrorMs = null } = this.#gate.keyOf(url, picture.source);
    const pauseMs = (status ?? 0) < 500 ? null : pauseAfterErrorMs;
    if (await this.#holdsHost(failure, key, pauseMs))
      return this.#waitFor(
        new HostWaits(hostOf(url), retryAfterMs ?? 0, { why: `${hostOf(url)}: ${detail}`, isAsked: true }),
      );
    if (isAboutHost(reason) && !visit.isFinal) {
      if (health.isNetworkSuspect())
        return this.#waitFor(new HostWaits(hostOf(url), SUSPECT_PAUSE_MS, { why: detail }));
      visit.isFinal = health.isGivenUp(hostOf(url));
    }
    const delayMs = this.#retryDelayMs(failure, picture, pauseMs);
    if (delayMs === null || visit.isFinal) return { kind: 'problem', problem: problemOf(failure) };
    return { kind: 'later', delayMs, detail: `${reason}: ${detail}` };
  }

  /** Holds the host's key if it asks for that, or after errors in a row. True if it asks for more than the run waits. */
  async #holdsHost(failure: HttpFailure, key: string, pauseMs: number | null): Promise<boolean> {
    const { reason, status, retryAfterMs, detail } = failure;
    const errors = (this.#errors.get(key) ?? 0) + 1;
    if (pauseMs !== null) this.#errors.set(key, errors);
    if (pauseMs !== null && errors % ERRORS_BEFORE_PAUSE === 0)
      await holdKey(this.#app.db, key, { forMs: pauseMs, why: detail });
    if (reason !== 'rate-limited' && (retryAfterMs === null || status !== 503)) return false;
    await holdKey(this.#app.db, key, { forMs: retryAfterMs ?? RATE_LIMITED_PAUSE_MS, why: detail });
    return this.#patience.isTooLong(retryAfterMs);
  }

  /** @param pauseMs after an error of a server that asks for pauses: two such errors in a row end a picture */
  #retryDelayMs({ reason, status, retryAfterMs }: HttpFailure, picture: WaitingPicture, pauseMs: number | null) {
    const failed = { reason, status, random: Math.random() };
    if (pauseMs === null) {
      const [attempt, maxAttempts] = [picture.attempts + 1, this.#app.config.fetch.tries];
      return retryDelayMs({ ...failed, attempt, maxAttempts, retryAfterMs });
    }
    const attempt = picture.detail?.startsWith(`${reason}: `) === true ? 2 : 1;
    return retryDelayMs({ ...failed, attempt, maxAttempts: 2, retryAfterMs: Math.min(pauseMs, MAX_RETRY_AFTER_MS) });
  }

  #optOut({ valuesOf }: HttpAnswer, { signals }: Visit): Refusal | null {
    signals.push(...headerSignals(valuesOf, { agent: ROBOTS_AGENT, nowMs: systemClock.nowMs() }));
    const refused = refusedSignal(signals, this.#app.config.crawl.signals);
    return refused === null ? null : { reason: 'opted-out', detail: refused.text };
  }

  #waitFor({ host, waitMs, isAsked, message }: HostWaits): PictureRead {
    return { kind: 'host-waits', host, waitMs, why: message, isGivenUp: isAsked && this.#patience.isTooLong(waitMs) };
  }
}

const ERRORS_BEFORE_PAUSE = 3;

/** Equal to the first pause of an unreachable host. */
const SUSPECT_PAUSE_MS = 2_000;

const hostOf = (url: string): string => new URL(url).host;

function received(
  { bytes, sha256, finalUrl }: Extract<DownloadResult, { ok: true }>,
  buffers: BodyBuffers,
): PictureRead {
  const md5 = bytes.length === FLICKR_PLACEHOLDER_BYTES ? hash('md5', bytes) : null;
  if (isFlickrPlaceholder(finalUrl, md5)) {
    const detail = 'Flickr shows that the photo is no longer available';
    return { kind: 'problem', problem: { state: 'dropped', reason: 'placeholder', detail } };
  }
  return { kind: 'bytes', bytes, sha256, giveBack: () => buffers.giveBack(bytes) };
}
