package org.simreg.coordinator.search;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;

/**
 * The parts of a bank of images that workers still embed. Every worker has one part at a time and
 * is asked again and again how far it is; the part of a lost one goes to another. Belongs to the
 * search thread.
 */
final class Creation {
    private static final long ASK_MS = 5000;

    private final Crew crew;
    private final Progress progress;
    private final SortedSet<Worker> workers = new TreeSet<>();
    private final Map<Integer, Worker> at = new TreeMap<>();
    private final Map<Integer, Integer> rows = new HashMap<>();
    private final Map<String, String> failures = new TreeMap<>();
    private BankRecord record;
    private boolean over;

    /** Hears what becomes of it. */
    interface Progress {
        /** How many features a row has is known. */
        void dimension(int features);

        /** Rows have been embedded. */
        void more();

        /** A part is stored; its digests come with it. */
        void embedded(int part, Embedded embedded);

        /** It can't be made; one sentence. */
        void failed(String reason);
    }

    Creation(Crew crew, BankRecord record, Progress progress) {
        this.crew = crew;
        this.record = record;
        this.progress = progress;
    }

    void record(BankRecord changed) {
        record = changed;
    }

    void attend(Collection<Worker> attending) {
        workers.clear();
        workers.addAll(attending);
        at.values().removeIf(worker -> !workers.contains(worker));
    }

    /** Time has passed: gives parts out, and asks how far they are. */
    void tick() {
        for (int part = 0; part < record.getPartsCount() && !over; part++) {
            if (!record.getParts(part).getSha256().isEmpty()) {
                at.remove(part);
                continue;
            }
            if (!at.containsKey(part)) {
                Optional<Worker> free = free();
                if (free.isEmpty()) {
                    continue;
                }
                at.put(part, free.get());
            }
            ask(part, at.get(part));
        }
    }

    private Optional<Worker> free() {
        return workers.stream()
                .filter(worker -> !at.containsValue(worker))
                .filter(worker -> !failures.containsKey(worker.name()))
                .findFirst();
    }

    private void ask(int part, Worker worker) {
        SearchOrder order = SearchOrder.newBuilder().setEmbed(order(part)).build();
        crew.ask(worker, order, ASK_MS)
                .onSuccess(
                        reply -> {
                            if (!over && worker.equals(at.get(part))) {
                                take(part, worker, reply);
                            }
                        });
    }

    private void take(int part, Worker worker, SearchReply reply) {
        if (reply.hasFailure()) {
            at.remove(part);
            failures.put(worker.name(), reply.getFailure().getReason());
            if (workers.stream().allMatch(one -> failures.containsKey(one.name()))) {
                over = true;
                progress.failed(worker.name() + ": " + reply.getFailure().getReason());
            }
        } else if (reply.getEmbedded().hasStored()) {
            at.remove(part);
            rows.remove(part);
            progress.embedded(part, reply.getEmbedded());
        } else {
            if (reply.getEmbedded().getDimension() > 0) {
                progress.dimension(reply.getEmbedded().getDimension());
            }
            Integer before = rows.put(part, reply.getEmbedded().getRows());
            if (before == null || before != reply.getEmbedded().getRows()) {
                progress.more();
            }
        }
    }

    /** Nobody wants it any more. */
    void giveUp() {
        over = true;
    }

    EmbedOrder order(int part) {
        BankRecord.Part one = record.getParts(part);
        return EmbedOrder.newBuilder()
                .setBank(record.getName())
                .setVersion(record.getVersion())
                .setShard(part)
                .setImages(record.getSource().getImages())
                .setDataSha256(record.getDataSha256())
                .setFirstId(one.getFirstId())
                .setRows(one.getRows())
                .build();
    }

    /** Parts that a worker is to go on with. */
    List<EmbedOrder> wanted(Worker worker) {
        List<EmbedOrder> wanted = new ArrayList<>();
        at.forEach(
                (part, who) -> {
                    if (who.equals(worker) && !over) {
                        wanted.add(order(part));
                    }
                });
        return wanted;
    }

    void describe(BankStatus.Builder status) {
        long done = 0;
        for (int part = 0; part < record.getPartsCount(); part++) {
            boolean stored = !record.getParts(part).getSha256().isEmpty();
            done += stored ? record.getParts(part).getRows() : rows.getOrDefault(part, 0);
            if (at.containsKey(part)) {
                status.getShardsBuilder(part).addHoldersBuilder().setWorker(at.get(part).name());
            }
        }
        status.setRowsDone(done);
        if (workers.isEmpty()) {
            status.setReason("waits for workers");
        } else if (!failures.isEmpty()) {
            status.setReason(failures.toString());
        }
    }
}
