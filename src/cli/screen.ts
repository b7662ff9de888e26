/** Redraws lines in place on a terminal, without flicker, and gives the terminal back afterwards. */

/** Often enough to look alive, seldom enough to cost nothing. */
const REDRAW_EVERY_MS = 250;

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_REST = '\x1b[J';

export interface Terminal {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

export interface Screen {
  close(): void;
}

/** One frame: everything is overwritten in place, then what is left of the last one is cleared. */
export function frame(lines: readonly string[]): string {
  return `${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_REST}`;
}

/** Draws `render` until closed. The terminal is given back however the process ends. */
export function openScreen(
  terminal: Terminal,
  render: (size: { columns: number; rows: number }) => readonly string[],
): Screen {
  let isOpen = true;
  function draw(): void {
    const size = { columns: terminal.columns ?? 80, rows: terminal.rows ?? 24 };
    terminal.write(frame(render(size)));
  }
  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    clearInterval(timer);
    process.off('exit', close);
    terminal.write(LEAVE);
  }
  terminal.write(ENTER);
  process.on('exit', close);
  const timer = setInterval(draw, REDRAW_EVERY_MS);
  draw();
  return { close };
}
