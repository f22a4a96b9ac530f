import type { Heatmap } from '../../review/desk.ts';

/**
 * Draws a heatmap, one pixel of the canvas for each cell. What speaks for the class is opaque, in the colour of the canvas's
 * text; what speaks against it is not drawn.
 */
export function drawHeat(canvas: HTMLCanvasElement, { rows, columns, values }: Heatmap): void {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const highest = Math.max(...values, Number.MIN_VALUE);
  context.clearRect(0, 0, columns, rows);
  context.fillStyle = getComputedStyle(canvas).color;
  for (const [i, value] of values.entries()) {
    context.globalAlpha = 0.8 * Math.max(0, value / highest);
    context.fillRect(i % columns, Math.floor(i / columns), 1, 1);
  }
}
