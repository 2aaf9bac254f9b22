package org.simreg.coordinator.search.bank;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.coordinator.search.query.Timers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.DataSource;
import org.simreg.proto.Embedded;
import org.simreg.proto.FeatureSource;
import org.simreg.proto.ImageSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The builder of all banks: those of given features by the coordinator itself, those of images by
 * the workers. Goes on with what a crash left half built. Belongs to the banks' thread.
 */
final class BankBuilder {
    /** Images that can't be read and are kept by name. */
    private static final int MOST_BROKEN = 10;

    private static final int MOST_NOTES = 10;

    private static final Logger LOG = LoggerFactory.getLogger(BankBuilder.class);

    /** Makings that may end the process; they would do so at every restart. */
    private static final int MOST_ENDED = 2;

    private static final String ENDED_PROCESS =
            "the coordinator's process ended %d times while it made this bank, so it isn't begun again: its files take more memory or time than there is (%s); delete the bank and make it of others, or with more memory";
    private static final String HUNG =
            "its files give no answer (%s); look at their storage, delete the bank and make it again";

    private final Banks.Setup setup;
    private final BankFolders folders;
    private final Timers timers;
    private final SearchWorkers searchWorkers;
    private final Listener listener;

    /** The listener to builds, which also knows the other banks and the workers. */
    interface Listener {
        /** All shards of a bank are stored. */
        void built(Bank bank);

        /** The published part of a bank has changed. */
        void changed(Bank bank);

        /** Whether there is a bank of that name. */
        boolean knows(String name);

        /** The memory that a bank may take. */
        MemoryBudget budget(Bank bank);

        /** The workers that attend. */
        List<SearchWorkers.Worker> workers();
    }

    BankBuilder(Banks.Setup setup, BankFolders folders, Timers timers, SearchWorkers searchWorkers, Listener listener) {
        this.setup = setup;
        this.timers = timers;
        this.folders = folders;
        this.searchWorkers = searchWorkers;
        this.listener = listener;
    }

    /**
     * Begins to build a bank, or goes on from what its record says is done.
     *
     * @param parts that the bank is cut in; fewer if there are fewer rows
     */
    void begin(Bank bank, int parts) {
        BankRecord before = bank.record();
        if (before.getSource().hasImages() && before.getPartsCount() > 0) {
            embed(bank);
            return;
        }
        if (before.getEndedMakings() >= MOST_ENDED) {
            fail(bank, ENDED_PROCESS.formatted(before.getEndedMakings(), files(before)));
            return;
        }
        // Counted as ended until it is over: a process that is killed meanwhile can't count any more.
        BankRecord record =
                before.toBuilder().setEndedMakings(before.getEndedMakings() + 1).build();
        bank.save(record);
        MemoryBudget budget = listener.budget(bank);
        bank.making(setup.making()
                .execute(
                        () -> {
                            try {
                                BankRecord made = prepared(bank, record, parts, budget);
                                setup.thread().execute(() -> take(bank, made));
                            } catch (RuntimeException | Error e) {
                                setup.thread().execute(() -> failed(bank, e));
                            }
                        },
                        () -> setup.thread()
                                .execute(() -> failed(bank, new UserError(HUNG.formatted(files(record)))))));
    }

    /** Takes note that the process ends on its own, and not because of what it makes. */
    void end(Bank bank) {
        int ended = bank.record().getEndedMakings();
        try {
            if (ended > 0 && isMade(bank)) {
                bank.save(bank.record().toBuilder().setEndedMakings(ended - 1).build());
            }
        } catch (UserError e) {
            LOG.warn(
                    "The making of {} counts as one that ended the process",
                    bank.record().getName(),
                    e);
        }
    }

    private static boolean isMade(Bank bank) {
        return !bank.deleted() && bank.record().getState() == BankStatus.State.CREATING;
    }

    private static String files(BankRecord record) {
        FeatureSource features = record.getSource().getFeatures();
        return record.getSource().hasImages()
                ? DataSource.shown(record.getSource().getImages().getDataset())
                : Stream.of(features.getFeatures(), features.getLabels(), features.getFiles())
                        .filter(file -> !file.isEmpty())
                        .collect(Collectors.joining(", "));
    }

    /** Does what needs no worker; on a thread for files. */
    private BankRecord prepared(Bank bank, BankRecord record, int parts, MemoryBudget budget) {
        if (record.getSource().hasImages()) {
            return ImageBankBuilder.listed(record, parts, folders, setup);
        }
        Consumer<BankRecord> progress = part -> setup.thread().execute(() -> changed(bank, part));
        return new FeatureBankBuilder(folders, budget, () -> !bank.isWanted(), progress).make(record, parts);
    }

    private void changed(Bank bank, BankRecord record) {
        if (isMade(bank)) {
            bank.update(record);
            bank.notifyWatchers();
        }
    }

    private void take(Bank bank, BankRecord record) {
        if (bank.deleted()) {
            discard(record.getName());
            return;
        }
        if (!isMade(bank)) {
            return;
        }
        try {
            bank.save(record.toBuilder().clearEndedMakings().build());
            if (record.getSource().hasImages()) {
                embed(bank);
            } else {
                listener.built(bank);
            }
        } catch (RuntimeException e) {
            failed(bank, e);
        }
    }

    /** Removes what was written after the bank was deleted. */
    private void discard(String name) {
        if (!listener.knows(name)) {
            folders.delete(name);
        }
    }

    private void failed(Bank bank, Throwable e) {
        if (bank.deleted()) {
            discard(bank.record().getName());
            return;
        }
        if (!isMade(bank)) {
            return;
        }
        if (e instanceof UserError) {
            LOG.warn("The bank {} can't be made: {}", bank.record().getName(), e.getMessage());
        } else {
            LOG.error("The bank {} can't be made", bank.record().getName(), e);
        }
        fail(bank, e instanceof UserError ? e.getMessage() : e.toString());
    }

    private void fail(Bank bank, String reason) {
        bank.fail(Disk.printable(reason));
        listener.changed(bank);
        bank.notifyWatchers();
    }

    private void embed(Bank bank) {
        ImageBankBuilder images =
                new ImageBankBuilder(timers, searchWorkers, bank.record(), new PartProgress(this, bank));
        bank.build(images);
        images.workersChanged(listener.workers(), List.of());
        images.tick();
        listener.changed(bank);
        bank.notifyWatchers();
    }

    /** The listener to the parts of one bank of images. */
    private record PartProgress(BankBuilder builder, Bank bank) implements ImageBankBuilder.Progress {
        @Override
        public void dimension(int features) {
            builder.dimension(bank, features);
        }

        @Override
        public void rowsEmbedded() {
            bank.notifyWatchers();
        }

        @Override
        public void embedded(int part, Embedded embedded) {
            builder.embedded(bank, part, embedded);
        }

        @Override
        public void failed(String reason) {
            builder.fail(bank, reason);
        }
    }

    /** Once the first worker knows how many features there are, before it has embedded much. */
    private void dimension(Bank bank, int features) {
        if (bank.record().getDimension() == features) {
            return;
        }
        bank.update(bank.record().toBuilder().setDimension(features).build());
        try {
            listener.budget(bank).require(bank.record());
        } catch (UserError tooMuch) {
            bank.builder().ifPresent(ImageBankBuilder::stop);
            fail(bank, tooMuch.getMessage());
        }
    }

    private void embedded(Bank bank, int part, Embedded done) {
        BankRecord record = bank.record();
        String weights = record.getWeightsSha256();
        if (!weights.isEmpty() && !weights.equals(done.getWeightsSha256())) {
            fail(
                    bank,
                    "the weights changed while the bank was made, from SHA-256 %s to %s; make it again"
                            .formatted(weights, done.getWeightsSha256()));
            return;
        }
        BankRecord.Builder changed = record.toBuilder()
                .setWeightsSha256(done.getWeightsSha256())
                .setDimension(done.getStored().getDimension())
                .setView(view(record) + "; " + done.getNetwork())
                .setRows(record.getRows() - done.getLeftOut())
                .addAllBroken(done.getBrokenList().stream()
                        .limit(MOST_BROKEN - Math.min(MOST_BROKEN, record.getBrokenCount()))
                        .toList());
        done.getNotesList().stream()
                .filter(note -> !record.getNotesList().contains(note))
                .limit(MOST_NOTES - Math.min(MOST_NOTES, record.getNotesCount()))
                .forEach(changed::addNotes);
        changed.getPartsBuilder(part)
                .setRows(record.getParts(part).getRows() - done.getLeftOut())
                .setLeftOut(done.getLeftOut())
                .setSha256(done.getStored().getSha256())
                .setLength(done.getStored().getLength());
        bank.save(changed.build());
        if (changed.getPartsList().stream().noneMatch(one -> one.getSha256().isEmpty())) {
            listener.built(bank);
        } else {
            bank.notifyWatchers();
        }
    }

    /** Adds parts of almost equal size to a record, none of them empty. */
    static void cut(BankRecord.Builder record, int rows, int parts) {
        int count = Math.min(rows, parts);
        for (int part = 0; part < count; part++) {
            long first = (long) rows * part / count;
            long end = (long) rows * (part + 1) / count;
            record.addPartsBuilder().setFirstId(first).setRows((int) (end - first));
        }
    }

    private static String view(BankRecord record) {
        ImageSource images = record.getSource().getImages();
        String resized = images.hasInterpolation()
                ? ", " + images.getInterpolation().name().toLowerCase(Locale.ROOT)
                : "";
        return "shorter side %d, centre %d%s".formatted(images.getResize(), images.getSize(), resized);
    }
}
