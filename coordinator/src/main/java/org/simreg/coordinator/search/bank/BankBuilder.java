package org.simreg.coordinator.search.bank;

import java.util.List;
import java.util.function.Consumer;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Embedded;
import org.simreg.proto.ImageSource;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The builder of all banks: those of given features by the coordinator itself, those of images by
 * the workers. Goes on with what a crash left half built. Belongs to the search thread.
 */
final class BankBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(BankBuilder.class);

    private final Banks.Setup setup;
    private final BankFolders folders;
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

    BankBuilder(Banks.Setup setup, BankFolders folders, SearchWorkers searchWorkers, Listener listener) {
        this.setup = setup;
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
        BankRecord record = bank.record();
        if (record.getSource().hasImages() && record.getPartsCount() > 0) {
            embed(bank);
            return;
        }
        MemoryBudget budget = listener.budget(bank);
        setup.files().execute(() -> {
            try {
                BankRecord made = prepared(bank, record, parts, budget);
                setup.thread().execute(() -> take(bank, made));
            } catch (RuntimeException e) {
                setup.thread().execute(() -> failed(bank, e));
            }
        });
    }

    /** Does what needs no worker; on a thread for files. */
    private BankRecord prepared(Bank bank, BankRecord record, int parts, MemoryBudget budget) {
        if (record.getSource().hasImages()) {
            return ImageBankBuilder.listed(record, parts, folders, setup.indexCache());
        }
        Consumer<BankRecord> progress = part -> setup.thread().execute(() -> changed(bank, part));
        return new FeatureBankBuilder(folders, budget, bank::deleted, progress).make(record, parts);
    }

    private void changed(Bank bank, BankRecord record) {
        if (!bank.deleted() && bank.record().getState() == BankStatus.State.CREATING) {
            bank.update(record);
            bank.notifyWatchers();
        }
    }

    private void take(Bank bank, BankRecord record) {
        if (bank.deleted()) {
            discard(record.getName());
            return;
        }
        bank.save(record);
        if (record.getSource().hasImages()) {
            embed(bank);
        } else {
            listener.built(bank);
        }
    }

    /** Removes what was written after the bank was deleted. */
    private void discard(String name) {
        if (!listener.knows(name)) {
            folders.delete(name);
        }
    }

    private void failed(Bank bank, RuntimeException e) {
        if (bank.deleted()) {
            discard(bank.record().getName());
            return;
        }
        LOG.warn("The bank {} can't be made", bank.record().getName(), e);
        fail(bank, e instanceof UserError ? e.getMessage() : e.toString());
    }

    private void fail(Bank bank, String reason) {
        bank.save(bank.record().toBuilder()
                .setState(BankStatus.State.FAILED)
                .setReason(reason)
                .build());
        bank.fail();
        listener.changed(bank);
        bank.notifyWatchers();
    }

    private void embed(Bank bank) {
        ImageBankBuilder images = new ImageBankBuilder(searchWorkers, bank.record(), new PartProgress(this, bank));
        bank.build(images);
        images.attend(listener.workers());
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
                .setView(view(record) + "; " + done.getNetwork());
        changed.getPartsBuilder(part)
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
        return "shorter side %d, centre %d".formatted(images.getResize(), images.getSize());
    }
}
