package org.simreg.worker.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.exchange.ahead.PartInbox;
import org.simreg.worker.exchange.ahead.PartOutbox;
import org.simreg.worker.exchange.ahead.SharedPass;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.embed.ImageEmbedder.Features;
import org.simreg.worker.features.knn.FeatureBank;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The embedding of a list of images by all members of a generation: batches in turn, as one member alone has them, with
 * its bits. The member that leads collects them. It goes on without others: what hasn't come after as much time again
 * as its own part took, it computes itself.
 *
 * @param images the same list on all members
 * @param asked the view of every image
 */
record SharedEmbedding(ImageEmbedder images, ImageEmbedder.Pass asked, SharedPass pass, ProgressMonitor progress) {
    private static final Logger LOG = LoggerFactory.getLogger(SharedEmbedding.class);

    /** How long others may take at least: small parts need not be computed twice. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How often it looks whether it is to stop. */
    private static final long AWAIT_MS = 50;

    /**
     * Every image once, in the order of ids, as a bank of unit rows: as {@link ImageEmbedder#bank} gives it.
     *
     * @throws UserError as that says it
     */
    FeatureBank collect(Features features, PartInbox others) {
        others.begin(pass);
        try {
            Collected collected = new Collected(others);
            collected.fill(features);
            return collected.bank();
        } catch (UserError e) {
            // One member alone meets the first of several errors first, and says no other.
            LOG.debug("One member embeds alone what several could not", e);
            others.end();
            return images.bank(features, asked.view(), progress);
        } finally {
            others.end();
        }
    }

    /**
     * Computes the part of a member that doesn't lead, and sends it. A batch with an image that can't be read here is
     * left to the one that leads, and so is all that follows an error.
     */
    void contribute(Features features, PartOutbox to) {
        List<Integer> mine = pass.of(to.rank(), to.members());
        Contributed contributed = new Contributed(to);
        try {
            images.run(features, asked, contributed.wanted(mine), progress, contributed);
        } catch (UserError e) {
            LOG.warn("This member leaves its part of the images to the one that leads: {}", e.getMessage());
            mine.stream().filter(batch -> batch > contributed.last).forEach(batch -> to.leave(pass, batch));
        }
    }

    /** The rows that the member that leads has computed, and those that come. */
    private final class Collected implements ImageEmbedder.PartSink {
        private final PartInbox others;
        private final Batch[] mine = new Batch[pass.batches()];

        /** A batch that was computed here. */
        private record Batch(float[] rows, int[] ids, int[] labels) {}

        Collected(PartInbox others) {
            this.others = others;
        }

        void fill(Features features) {
            long begun = System.nanoTime();
            images.run(features, asked, pass.of(0, others.members()).iterator(), progress, this);
            long now = System.nanoTime();
            long end = now + Math.max(PATIENCE_NANOS, now - begun);
            for (List<Integer> missing = missing(others.missing()); !missing.isEmpty(); ) {
                progress.next("waiting for the others", pass.batches() - missing.size(), pass.batches());
                long left = end - System.nanoTime();
                List<Integer> due = left > 0 ? missing(others.givenUp()) : missing;
                if (due.isEmpty()) {
                    others.await(Math.min(AWAIT_MS, TimeUnit.NANOSECONDS.toMillis(left) + 1));
                } else {
                    images.run(features, asked, wanted(due), progress, this);
                }
                missing = missing(others.missing());
            }
        }

        /** Those that weren't computed here, the last first: their members go the other way. */
        private List<Integer> missing(List<Integer> batches) {
            List<Integer> missing = new ArrayList<>(batches);
            missing.removeIf(batch -> mine[batch] != null);
            Collections.reverse(missing);
            return missing;
        }

        private Iterator<Integer> wanted(List<Integer> batches) {
            return batches.stream().filter(this::wants).iterator();
        }

        @Override
        public boolean wants() {
            return true;
        }

        @Override
        public boolean wants(int number) {
            return !others.has(number);
        }

        @Override
        public void take(int number, float[] rows, int[] ids, int[] labels) {
            mine[number] = new Batch(rows, ids, labels);
        }

        /** In the order of ids; images that can't be read have no row. */
        FeatureBank bank() {
            FeatureBank bank = new FeatureBank(pass.rows().count(), pass.rows().width());
            for (int number = 0; number < mine.length; number++) {
                Batch batch = mine[number] == null ? come(number) : mine[number];
                mine[number] = null;
                bank.add(batch.rows, batch.ids, batch.labels);
            }
            images.sayLeft(pass.rows().count() - bank.size(), pass.rows().count());
            return bank;
        }

        private Batch come(int number) {
            int from = number * pass.rows().batch();
            int[] ids = IntStream.range(from, from + pass.rowsOf(number)).toArray();
            int[] labels =
                    IntStream.of(ids).map(id -> images.images().label(id)).toArray();
            return new Batch(others.take(number), ids, labels);
        }
    }

    /** A receiver of rows that sends them. */
    private final class Contributed implements ImageEmbedder.PartSink {
        private final PartOutbox to;
        private int last = -1;

        Contributed(PartOutbox to) {
            this.to = to;
        }

        Iterator<Integer> wanted(List<Integer> batches) {
            return batches.stream().takeWhile(this::wants).iterator();
        }

        @Override
        public boolean wants() {
            return to.wants(pass);
        }

        @Override
        public boolean wants(int number) {
            return wants();
        }

        @Override
        public void take(int number, float[] rows, int[] ids, int[] labels) {
            last = number;
            if (ids.length == pass.rowsOf(number)) {
                to.send(pass, number, rows);
            } else {
                to.leave(pass, number);
            }
            while (!to.awaitRoom(pass, AWAIT_MS)) {
                progress.next("waiting for the one that leads", number, pass.batches());
            }
        }
    }
}
