/** @jsxRuntime automatic @jsxImportSource preact */
import { scaleLinear } from 'd3-scale';
import { Chart, WIDTH, type ChartFrame } from './chart.tsx';
import { at } from './texts.ts';

export interface Crop {
  readonly value: string;
  readonly share: string;
  /** How strongly the tile is filled, 0..1. */
  readonly weight: number;
}

interface TenCropsProps {
  readonly frame: ChartFrame;
  /** In TenCrop order: top left, top right, bottom left, bottom right, centre, then the same of the mirrored photo. */
  readonly crops: readonly Crop[];
}

const PANEL = 164;
const HEIGHT = 140;
const TILE_WIDTH = 62;
const TILE_HEIGHT = 40;
const TOP = 20;
/** Left and top of each place, as shares of the free room of a panel. */
const PLACES = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [0.5, 0.5],
] as const;

/** The ten crops in their places, pulled apart: the real ones overlap. */
export function TenCrops({ frame, crops }: TenCropsProps) {
  return (
    <Chart frame={frame} height={TOP + HEIGHT + 2}>
      <Panel title="as the photo is" left={1} crops={crops.slice(0, PLACES.length)} />
      <Panel title="mirrored" left={WIDTH - PANEL - 1} crops={crops.slice(PLACES.length)} />
    </Chart>
  );
}

interface PanelProps {
  readonly title: string;
  readonly left: number;
  readonly crops: readonly Crop[];
}

function Panel({ title, left, crops }: PanelProps) {
  const across = scaleLinear().range([left + 7, left + PANEL - TILE_WIDTH - 7]);
  const down = scaleLinear().range([TOP + 6, TOP + HEIGHT - TILE_HEIGHT - 6]);
  return (
    <g>
      <text class="soft" x={left} y={12}>
        {title}
      </text>
      <rect class="line" x={left} y={TOP} width={PANEL} height={HEIGHT} />
      {crops.map((crop, i) => {
        const [x, y] = PLACES[i] ?? [0, 0];
        return <Tile key={`${x} ${y}`} crop={crop} x={at(across(x))} y={at(down(y))} />;
      })}
    </g>
  );
}

function Tile({ crop, x, y }: { readonly crop: Crop; readonly x: number; readonly y: number }) {
  const middle = x + TILE_WIDTH / 2;
  return (
    <g>
      <rect class="badge" x={x} y={y} width={TILE_WIDTH} height={TILE_HEIGHT} stroke-opacity={0.5} />
      <rect
        class="cell"
        fill-opacity={at(4.5 * Math.min(1, Math.max(0, crop.weight))) / 10}
        x={x}
        y={y}
        width={TILE_WIDTH}
        height={TILE_HEIGHT}
      />
      <text class="middle" x={middle} y={y + 17}>
        {crop.value}
      </text>
      <text class="soft tiny middle" x={middle} y={y + 32}>
        {crop.share}
      </text>
    </g>
  );
}
