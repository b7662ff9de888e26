/** Who holds a lease, so that another process on the same machine can see whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface LeaseHolder {
  readonly host: string;
  readonly pid: number;
  /** Boot of the machine and the namespaces of the process; empty where that cannot be known. */
  readonly machine: string;
  /** When the process was started, in ticks since the boot; empty where that cannot be known. */
  readonly processStart: string;
}

/** This process. The last two are known on Linux only. */
export function thisProcess(): LeaseHolder {
  return {
    host: hostname(),
    pid: process.pid,
    machine: machineOf(),
    processStart: statOf(process.pid)?.startedTicks ?? '',
  };
}

/**
 * Whether `holder` was a process of this boot of this machine that runs no more. False wherever that
 * is not certain: elsewhere, in another container, on another system than Linux.
 */
export function isProvablyDead({ pid, machine, processStart }: LeaseHolder): boolean {
  if (machine === '' || machine !== machineOf() || processStart === '') return false;
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (!exists(pid)) return true;
  const stat = statOf(pid);
  // It is there, but not to be seen: another user's, for example.
  if (stat === undefined) return false;
  return stat.startedTicks !== processStart || stat.isZombie;
}

/** Asks the kernel and not /proc, where processes of other users may be hidden. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** The number of a namespace is given again only when every process in it has ended. */
function machineOf(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')} ${timeNamespace()}`;
  } catch {
    return '';
  }
}

/** Ticks since the boot are counted from another moment in another one. Kernels before 5.6 have none. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch {
    return 'time';
  }
}

interface Stat {
  readonly startedTicks: string;
  /** Killed with all its threads; only its parent has not taken notice yet. */
  readonly isZombie: boolean;
}

/** Source: man 5 proc_pid_stat: fields 3, 20 and 22, behind the name, which may hold anything. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state = '', threads = '', startedTicks = ''] = [fields[0], fields[17], fields[19]];
    return startedTicks === ''
      ? undefined
      : { startedTicks, isZombie: /[ZXx]/.test(state) && Number(threads) <= 1 };
  } catch {
    return undefined;
  }
}
