// Whether a process that wrote its number down still lives, so that neither a reboot nor a number that is used again is taken for it.
import { readFileSync } from 'node:fs'

/**
 * Boot and start time of a process where the system tells them (Linux), else ''. /proc/<pid>/stat: field 22 is the start time in ticks since boot; the name in
 * field 2 may hold spaces and brackets.
 */
export function birthOf(pid: number | 'self'): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
}

/** True where no process of this machine has the number, or one that was born at another time than `birth` says. */
export function isGoneProcess(pid: number, birth: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const now = birthOf(pid)
  return now !== '' && birth !== '' && now !== birth
}
