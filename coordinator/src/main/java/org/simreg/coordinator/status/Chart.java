package org.simreg.coordinator.status;

import java.util.List;
import java.util.function.DoubleFunction;

/**
 * A line chart as inline SVG, coloured by the page's style sheet. Every point says its numbers when
 * the pointer rests on it.
 *
 * @param title heading
 * @param lines curves; one without points is left out of the drawing
 * @param fromZero whether the upright axis begins at 0
 * @param text a value as text, for the points
 * @param axis from left to right
 */
record Chart(
        String title, List<Line> lines, boolean fromZero, DoubleFunction<String> text, Axis axis) {
    private static final int WIDTH = 480;
    private static final int HEIGHT = 270;
    private static final int LEFT = 52;
    private static final int RIGHT = 14;
    private static final int TOP = 12;
    private static final int BOTTOM = 42;
    private static final int MOST_POINTS = 300;

    /**
     * A curve.
     *
     * @param name for the legend
     * @param style class of the style sheet, "c1" to "c4" for the colours; "dash" for a dashed
     *     line, "dots" for visible points
     * @param points over epochs
     */
    record Line(String name, String style, Series points) {}

    /** Curves over epochs. */
    Chart(String title, List<Line> lines, boolean fromZero, DoubleFunction<String> text) {
        this(title, lines, fromZero, text, Axis.EPOCHS);
    }

    /** A figure element with legend and drawing; axes without lines if there are no points. */
    String html() {
        Scale across =
                axis.scale(lines.stream().mapToDouble(l -> l.points().end()).max().orElse(1));
        Scale up = upright();
        StringBuilder svg = new StringBuilder();
        svg.append(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n"
                        .formatted(WIDTH, HEIGHT, Html.escape(title)));
        axes(svg, across, up);
        lines.forEach(line -> draw(svg, line, across, up));
        svg.append("</svg>\n");
        return "<figure class=\"card\">\n<figcaption>%s%s</figcaption>\n%s</figure>\n"
                .formatted(Html.element("h3", title), legend(), svg);
    }

    private Scale upright() {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Line line : lines) {
            Series points = line.points().thinned(MOST_POINTS);
            for (int i = 0; i < points.size(); i++) {
                if (Double.isFinite(points.y(i))) {
                    low = Math.min(low, points.y(i));
                    high = Math.max(high, points.y(i));
                }
            }
        }
        if (low > high) {
            return Scale.covering(0, 1, 5);
        }
        return Scale.covering(fromZero ? Math.min(0, low) : low, high, 5);
    }

    private String legend() {
        if (lines.size() < 2) {
            return "";
        }
        StringBuilder legend = new StringBuilder("<p class=\"legend\">");
        for (Line line : lines) {
            legend.append(
                    "<span><i class=\"%s\"></i>%s</span>"
                            .formatted(line.style(), Html.escape(line.name())));
        }
        return legend.append("</p>").toString();
    }

    private void axes(StringBuilder svg, Scale across, Scale up) {
        for (double tick : up.ticks()) {
            double y = y(up, tick);
            svg.append(rule(LEFT, y, WIDTH - RIGHT, y));
            svg.append(label(LEFT - 8, y + 4, "end", up.text(tick)));
        }
        for (double tick : axis.ticks(across)) {
            double x = x(across, tick);
            String text = axis.label(across, tick);
            svg.append(rule(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 5));
            svg.append(
                    axis.isSlanted()
                            ? slanted(x + 4, HEIGHT - BOTTOM + 14, text)
                            : label(x, HEIGHT - BOTTOM + 20, "middle", text));
        }
        if (!axis.isSlanted()) {
            svg.append(label((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 4, "middle", axis.name()));
        }
    }

    private void draw(StringBuilder svg, Line line, Scale across, Scale up) {
        Series points = line.points().thinned(MOST_POINTS);
        StringBuilder path = new StringBuilder();
        StringBuilder marks = new StringBuilder();
        boolean pen = false;
        for (int i = 0; i < points.size(); i++) {
            if (!Double.isFinite(points.y(i))) {
                pen = false;
                continue;
            }
            double x = x(across, points.x(i));
            double y = y(up, points.y(i));
            path.append(Numbers.format(pen ? "L%.1f %.1f" : "M%.1f %.1f", x, y));
            marks.append(mark(line, x, y, points.x(i), points.y(i)));
            pen = true;
        }
        svg.append(
                "<g class=\"%s\"><path d=\"%s\"/>\n%s</g>\n".formatted(line.style(), path, marks));
    }

    private String mark(Line line, double x, double y, double place, double value) {
        return Numbers.format(
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s: %s at %s</title></circle>%n",
                x,
                y,
                Html.escape(line.name()),
                Html.escape(text.apply(value)),
                Html.escape(axis.at(place)));
    }

    private static String rule(double x1, double y1, double x2, double y2) {
        return Numbers.format(
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n", x1, y1, x2, y2);
    }

    private static String label(double x, double y, String anchor, String text) {
        return Numbers.format(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
                x, y, anchor, Html.escape(text));
    }

    private static String slanted(double x, double y, String text) {
        return Numbers.format(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" transform=\"rotate(-35 %.1f %.1f)\">%s</text>%n",
                x, y, x, y, Html.escape(text));
    }

    private static double x(Scale across, double epoch) {
        return LEFT + across.part(epoch) * (WIDTH - LEFT - RIGHT);
    }

    private static double y(Scale up, double value) {
        return HEIGHT - BOTTOM - up.part(value) * (HEIGHT - TOP - BOTTOM);
    }
}
