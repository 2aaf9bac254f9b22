package org.simreg.coordinator.view.console;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.simreg.proto.BankSource;
import org.simreg.proto.BankStatus;
import org.simreg.proto.BankStatus.ShardStatus;
import org.simreg.proto.DataSource;

/** Tables and sentences about banks of features, as text for people. */
public final class BankTables {
    private BankTables() {}

    /**
     * A line for each bank, in the order given.
     *
     * @param nowMs milliseconds since 1970, for ages
     */
    public static String table(List<BankStatus> banks, long nowMs) {
        Table table = new Table(
                "NAME", "STATE", "ROWS", "FEATURES", "CLASSES", "SHARDS", "REPLICAS", "MEMORY", "AGE", "REASON");
        for (BankStatus bank : banks) {
            table.row(
                    bank.getName(),
                    state(bank),
                    Numbers.count(bank.getRows()),
                    bank.getDimension() == 0 ? "-" : Numbers.count(bank.getDimension()),
                    bank.getClasses() == 0 ? "-" : Numbers.count(bank.getClasses()),
                    Numbers.count(bank.getShardsCount()),
                    Numbers.count(bank.getReplicas()),
                    memory(bank),
                    Numbers.duration(Duration.ofMillis(Math.max(0, nowMs - bank.getCreatedMs()))),
                    bank.getReason());
        }
        return table.text();
    }

    /** "photos is creating: 1,200 of 40,000 rows; waits for workers". */
    public static String progress(BankStatus bank) {
        String rows = "%s of %s rows".formatted(Numbers.count(bank.getRowsDone()), Numbers.count(bank.getRows()));
        String reason = bank.getReason().isEmpty() ? "" : "; " + bank.getReason();
        return "%s is %s: %s%s".formatted(bank.getName(), state(bank), rows, reason);
    }

    /** What a bank is, and who holds its shards. */
    public static String description(BankStatus bank) {
        StringBuilder text = new StringBuilder();
        text.append("%s is %s".formatted(bank.getName(), state(bank)));
        text.append(bank.getReason().isEmpty() ? "\n" : ": " + bank.getReason() + "\n");
        fact(
                text,
                "rows",
                "%s of %s features, %s classes"
                        .formatted(
                                Numbers.count(bank.getRows()),
                                Numbers.count(bank.getDimension()),
                                Numbers.count(bank.getClasses())));
        fact(
                text,
                "memory",
                "%s in all, %s bytes a row; workers a shard: %d"
                        .formatted(memory(bank), Numbers.count(bank.getBytesARow()), bank.getReplicas()));
        source(text, bank.getSource());
        if (bank.getLeftOut() > 0) {
            String more = bank.getLeftOut() > bank.getBrokenCount() ? ", ..." : "";
            fact(
                    text,
                    "left out",
                    "%s images that can't be read: %s%s"
                            .formatted(
                                    Numbers.count(bank.getLeftOut()), String.join(", ", bank.getBrokenList()), more));
        }
        if (!bank.getWeightsSha256().isEmpty()) {
            fact(text, "weights", "SHA-256 " + bank.getWeightsSha256());
        }
        if (!bank.getView().isEmpty()) {
            fact(text, "view", bank.getView());
        }
        bank.getNotesList().forEach(note -> fact(text, "note", note));
        fact(text, "version", bank.getVersion());
        return text.append('\n').append(shards(bank)).toString();
    }

    private static void source(StringBuilder text, BankSource source) {
        if (source.hasImages()) {
            fact(
                    text,
                    "images",
                    "%s, %s"
                            .formatted(
                                    DataSource.shown(source.getImages().getDataset()),
                                    source.getImages().getSplit().name().toLowerCase(Locale.ROOT)));
            fact(text, "network", source.getImages().getWeights());
        } else {
            fact(text, "features", source.getFeatures().getFeatures());
        }
    }

    private static void fact(StringBuilder text, String name, String value) {
        text.append("  %-9s %s\n".formatted(name, value));
    }

    private static String shards(BankStatus bank) {
        Table table = new Table("SHARD", "FIRST", "ROWS", "SIZE", "WORKERS", "REASON");
        for (ShardStatus shard : bank.getShardsList()) {
            table.row(
                    Numbers.count(shard.getShard()),
                    Numbers.count(shard.getFirstId()),
                    Numbers.count(shard.getRows()),
                    Numbers.bytes(shard.getBytes()),
                    shard.getHoldersList().stream()
                            .map(one -> one.getWorker() + (one.getReady() ? "" : " (opening)"))
                            .collect(Collectors.joining(", ")),
                    shard.getReason());
        }
        return table.text();
    }

    private static String memory(BankStatus bank) {
        return Numbers.bytes(bank.getRows() * bank.getBytesARow() * bank.getReplicas());
    }

    private static String state(BankStatus bank) {
        return bank.getState().name().toLowerCase(Locale.ROOT);
    }
}
