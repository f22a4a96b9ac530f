/** Opens the guide beside the review: docs/reviewing.md, as the server shows it. */
export function GuideLink() {
  return (
    <p class="quiet">
      <a href="/help/reviewing" target="_blank" rel="noopener">
        How to review, and what to do if you cannot go on
      </a>
    </p>
  );
}
