/** How the reference looks: one style sheet for Swagger UI's page and the page of problems. */
export const REFERENCE_CSS = `
:root { color-scheme: light; --ink: #1b2733; --soft: #5b6b7b; --line: #dde4ea; --accent: #0b6e69; }
body { margin: 0; background: #fff; color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
.swagger-ui, .swagger-ui .info .title, .swagger-ui .opblock-tag, .swagger-ui .opblock .opblock-summary-description,
.swagger-ui table thead tr th, .swagger-ui .opblock-description-wrapper p, .swagger-ui .tab li, .swagger-ui .btn,
.swagger-ui .response-col_status, .swagger-ui .info p, .swagger-ui section.models h4 { font-family: system-ui, sans-serif; }
.swagger-ui .wrapper { max-width: 1080px; }
.swagger-ui .info { margin: 40px 0 24px; }
.swagger-ui .scheme-container { box-shadow: none; border-block: 1px solid var(--line); padding: 16px 0; }
.problems main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
.problems a { color: var(--accent); }
.problems section { border-top: 1px solid var(--line); padding: .5rem 0; }
.problems section:target { background: #eef7f6; box-shadow: 0 0 0 .75rem #eef7f6; }
.problems h2 { font-size: 1.05rem; margin: .75rem 0 0; }
.problems h2 span { color: var(--soft); font-weight: 400; }
.problems p { margin: .35rem 0 .75rem; }
`;

export const ICON_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0b6e69" d="M6 4h20a3 3 0 0 1 3 3v13a3 3 0 0 1-3 3H15l-7 6v-6H6a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z"/><path fill="#fff" d="M9 10h14v2.4H9zm0 5h9v2.4H9z"/></svg>';
