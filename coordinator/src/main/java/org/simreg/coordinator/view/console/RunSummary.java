package org.simreg.coordinator.view.console;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simreg.coordinator.run.folder.PastRun;
import org.simreg.coordinator.run.folder.RunHistory;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobFinished;
import org.simreg.proto.NetworkCost;
import org.simreg.proto.UserError;

/** The summary of a run, last on the console: accuracy before and after, digest, files. */
public final class RunSummary {
    /** The columns that say what networks cost: parameters, operations of an image, speed. */
    public static final List<String> COSTS = List.of("parameters", "MFLOP", "images/s");

    private RunSummary() {}

    /**
     * @param folder run folder
     * @return an empty line, then lines of text, with a line break at the end
     * @throws UserError if there is no run in the folder
     */
    public static String text(Path folder) {
        RunHistory history = RunHistory.read(folder);
        List<String> lines = new ArrayList<>(List.of(""));
        if (!history.ks().isEmpty()) {
            scores(history, lines);
            lines.add("");
        }
        history.finished().ifPresent(done -> lines.add(fact("sha256", done.getSha256())));
        lines.add(fact("run folder", folder.toString()));
        String before = "";
        for (String file :
                history.finished().orElse(JobFinished.getDefaultInstance()).getExportsList()) {
            String name = file.startsWith(PastRun.AVERAGE_EXPORTS + "/")
                    ? "average"
                    : file.startsWith(PastRun.BEST_EXPORTS + "/") ? "best" : "student";
            lines.add(fact(name.equals(before) ? "" : name, folder.resolve(file).toString()));
            before = name;
        }
        lines.add(fact("report", folder.resolve(PastRun.REPORT).toString()));
        return String.join(System.lineSeparator(), lines) + System.lineSeparator();
    }

    private static void scores(RunHistory history, List<String> lines) {
        StringBuilder head = new StringBuilder(subject("k-NN accuracy"));
        history.ks().forEach(k -> head.append("%10s".formatted(k + "-NN")));
        boolean priced = history.outcome().stream().anyMatch(EvaluationDone::hasCost);
        if (priced) {
            COSTS.forEach(name -> head.append("%12s".formatted(name)));
        }
        lines.add(head.toString());
        for (EvaluationDone done : history.outcome()) {
            StringBuilder row = new StringBuilder(subject(done.getSubject()));
            for (int k : history.ks()) {
                String score =
                        RunHistory.accuracy(done, k).map(Numbers::percent).orElse("-");
                row.append("%10s".formatted(score));
            }
            if (priced) {
                costs(done.getCost()).forEach(cell -> row.append("%12s".formatted(cell)));
            }
            lines.add(row.toString());
        }
        history.best().ifPresent(best -> lines.add(EventSentences.best(best)));
    }

    /** A network's cells in the columns {@link #COSTS}; "-" where something isn't known. */
    public static List<String> costs(NetworkCost cost) {
        double mega = cost.getFlop() / 1e6;
        return List.of(
                cost.getParameters() == 0 ? "-" : Numbers.format("%.1f M", cost.getParameters() / 1e6),
                cost.getFlop() == 0 ? "-" : Numbers.format(mega < 100 ? "%.1f" : "%,.0f", mega),
                cost.getImagesPerSecond() > 0 ? Numbers.speed(cost.getImagesPerSecond()) : "-");
    }

    private static String fact(String name, String value) {
        return "%-12s%s".formatted(name, value);
    }

    private static String subject(String name) {
        return "%-18s".formatted(name);
    }
}
