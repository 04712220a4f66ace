/** Line icons on a 24-unit grid, drawn with the text's colour. The element beside or around it carries the name. */
const paths = {
  power: ["M12 3v9", "M18.4 6.6a9 9 0 1 1-12.8 0"],
  run: ["M7 4l13 8-13 8z"],
  pause: ["M8 5v14", "M16 5v14"],
  step: ["M5 4l10 8-10 8z", "M19 5v14"],
  back: ["M19 4L9 12l10 8z", "M5 5v14"],
  reset: ["M20 11a8 8 0 1 0-2.3 6.3", "M20 4v7h-7"],
  help: ["M9.2 9a3 3 0 1 1 4.3 2.8c-1 .5-1.5 1.2-1.5 2.2v.5", "M12 18.2v.1"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  ],
  moon: ["M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"],
  system: ["M3 5h18v11H3z", "M9 20h6M12 16v4"],
  close: ["M6 6l12 12M18 6L6 18"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  add: ["M12 5v14M5 12h14"],
  find: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M15.5 15.5L21 21"],
  plot: ["M4 4v16h16", "M7.5 15l4-5 3.5 2.5L20 6"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 15 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {paths[name].map((path) => (
        <path key={path} d={path} />
      ))}
    </svg>
  );
}
