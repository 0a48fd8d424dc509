/** A program that a host's supervisor runs and watches, as systemd would. */
export interface Unit {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `always`: started again whenever its main process ends, as systemd's Restart=always. Default: `no`. */
  readonly restart?: 'always' | 'no';
  /** Pause before a restart, as systemd's RestartSec=. Default: 100. */
  readonly restartDelayMs?: number;
  /** Run after the main process ended and before a restart, as systemd's ExecStopPost=. */
  readonly stopPost?: readonly string[];
  /**
   * What else ends with the main process. `control-group` (the default, as in systemd): all that is left in
   * the unit's control group (without control groups: in its process group). `process`: nothing else.
   */
  readonly killMode?: 'control-group' | 'process';
  /** From SIGTERM to SIGKILL when the unit is stopped or its remains are ended. Default: 5000. */
  readonly stopTimeoutMs?: number;
}

/** How a unit stands. Process ids are those inside the host. */
export interface UnitStatus {
  readonly name: string;
  readonly state: 'running' | 'stopping' | 'restarting' | 'stopped';
  readonly mainPid?: number | undefined;
  /** How often it was started again since it was started by hand or at power-on. */
  readonly restarts: number;
  /** How the main process ended last: an exit code or the name of a signal. */
  readonly lastEnd?: string | undefined;
}

/** What the supervisor of a host is asked, one JSON text a line. */
export type SupervisorRequest =
  | { readonly kind: 'start'; readonly unit: Unit }
  | { readonly kind: 'stop'; readonly name: string }
  | { readonly kind: 'status' };

/** What it answers: one JSON text a line for each request, in order. */
export type SupervisorReply =
  | { readonly kind: 'units'; readonly units: readonly UnitStatus[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** Inside a host: the socket of its supervisor, the units that start at power-on, the pipe that takes the place of
 * /proc/sysrq-trigger, and the units' output. */
export const controlSocket = '/run/lab/control.sock';
export const enabledUnitsFile = '/run/lab/enabled.json';
export const resetRequests = '/run/lab/sysrq';
export const unitLogDirectory = '/run/lab/log';

/** Inside a host: the directory of the control group below which the product may make its own. */
export const productCgroup = '/sys/fs/cgroup/holdfast';
