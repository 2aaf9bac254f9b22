package org.simreg.coordinator.search.bank;

import java.util.List;
import java.util.function.Consumer;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Embedded;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The builder of banks: of others' features by the coordinator itself, of images by the workers.
 * What a crash left half made is gone on with. Belongs to the search thread.
 */
final class BankBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(BankBuilder.class);

    private final Banks.Setup setup;
    private final BankFolders folders;
    private final SearchWorkers crew;
    private final Outcome outcome;

    /** A listener to builds, which knows the other banks and the workers. */
    interface Outcome {
        /** All shards of a bank are stored. */
        void made(Bank bank);

        /** What everyone may know of a bank is another now. */
        void changed(Bank bank);

        /** Whether there is a bank of that name. */
        boolean knows(String name);

        /** What a bank may take of memory. */
        MemoryBudget room(Bank bank);

        /** Those who attend. */
        List<SearchWorkers.Worker> workers();
    }

    BankBuilder(Banks.Setup setup, BankFolders folders, SearchWorkers crew, Outcome outcome) {
        this.setup = setup;
        this.folders = folders;
        this.crew = crew;
        this.outcome = outcome;
    }

    /** Goes on from what is kept. */
    void begin(Bank bank, int parts) {
        BankRecord record = bank.record();
        if (record.getSource().hasImages() && record.getPartsCount() > 0) {
            embed(bank);
            return;
        }
        MemoryBudget room = outcome.room(bank);
        setup.files()
                .execute(
                        () -> {
                            try {
                                BankRecord made = made(bank, record, parts, room);
                                setup.thread().execute(() -> listed(bank, made));
                            } catch (RuntimeException e) {
                                setup.thread().execute(() -> failed(bank, e));
                            }
                        });
    }

    private BankRecord made(Bank bank, BankRecord record, int parts, MemoryBudget room) {
        if (record.getSource().hasImages()) {
            return ImageBankBuilder.begun(record, parts, folders, setup.indexCache());
        }
        Consumer<BankRecord> progress = part -> setup.thread().execute(() -> changed(bank, part));
        return new FeatureBankBuilder(folders, room, bank::deleted, progress).make(record, parts);
    }

    private void changed(Bank bank, BankRecord record) {
        if (!bank.deleted() && bank.record().getState() == BankStatus.State.CREATING) {
            bank.note(record);
            bank.tell();
        }
    }

    private void listed(Bank bank, BankRecord record) {
        if (bank.deleted()) {
            discard(record.getName());
            return;
        }
        bank.save(record);
        if (record.getSource().hasImages()) {
            embed(bank);
        } else {
            outcome.made(bank);
        }
    }

    /** What was written after the bank was deleted. */
    private void discard(String name) {
        if (!outcome.knows(name)) {
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
        bank.save(
                bank.record().toBuilder()
                        .setState(BankStatus.State.FAILED)
                        .setReason(reason)
                        .build());
        bank.fail();
        outcome.changed(bank);
        bank.tell();
    }

    private void embed(Bank bank) {
        ImageBankBuilder creation =
                new ImageBankBuilder(crew, bank.record(), new PartProgress(this, bank));
        bank.create(creation);
        creation.attend(outcome.workers());
        creation.tick();
        outcome.changed(bank);
        bank.tell();
    }

    /** The listener to the parts of one bank of images. */
    private record PartProgress(BankBuilder making, Bank bank)
            implements ImageBankBuilder.Progress {
        @Override
        public void dimension(int features) {
            making.dimension(bank, features);
        }

        @Override
        public void more() {
            bank.tell();
        }

        @Override
        public void embedded(int part, Embedded embedded) {
            making.embedded(bank, part, embedded);
        }

        @Override
        public void failed(String reason) {
            making.fail(bank, reason);
        }
    }

    /** Once the first worker knows how many features there are, before it has embedded much. */
    private void dimension(Bank bank, int features) {
        if (bank.record().getDimension() == features) {
            return;
        }
        bank.note(bank.record().toBuilder().setDimension(features).build());
        try {
            outcome.room(bank).require(bank.record());
        } catch (UserError tooMuch) {
            bank.creation().ifPresent(ImageBankBuilder::giveUp);
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
        BankRecord.Builder changed =
                record.toBuilder()
                        .setWeightsSha256(done.getWeightsSha256())
                        .setDimension(done.getStored().getDimension())
                        .setView(view(record) + "; " + done.getNetwork());
        changed.getPartsBuilder(part)
                .setSha256(done.getStored().getSha256())
                .setLength(done.getStored().getLength());
        bank.save(changed.build());
        if (changed.getPartsList().stream().noneMatch(one -> one.getSha256().isEmpty())) {
            outcome.made(bank);
        } else {
            bank.tell();
        }
    }

    private static String view(BankRecord record) {
        var images = record.getSource().getImages();
        return "shorter side %d, centre %d".formatted(images.getResize(), images.getSize());
    }
}
