package org.simreg.coordinator.search.query;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.Vectors;

/**
 * The images of queries that are being embedded now, each asked of the workers in turn. Queries that have ended workers
 * are remembered and refused at once when they come again. Belongs to the banks' thread.
 */
public final class QueryEmbeddings {
    private static final int MOST_REMEMBERED = 1000;

    private final Timers timers;
    private final SearchWorkers searchWorkers;
    private final Set<QueryEmbedding> underWay = new HashSet<>();

    /** What a worker is asked, in order; it reads the images of the first. */
    private final Map<SearchWorkers.Worker, Set<QueryEmbedding>> asked = new HashMap<>();

    /** Workers that a query's images have ended, of queries that did. */
    private final Map<Images, List<SuspectedEnd>> ended = new LinkedHashMap<>();

    private List<SearchWorkers.Worker> workers = List.of();
    private int rotation;

    /** The images of a query, short enough to be remembered. */
    private record Images(int hash, int count, long bytes) {
        static Images of(ImageQuery query) {
            return new Images(
                    query.getFilesList().hashCode(),
                    query.getFilesCount(),
                    query.getFilesList().stream().mapToLong(file -> file.size()).sum());
        }
    }

    public QueryEmbeddings(Timers timers, SearchWorkers searchWorkers) {
        this.timers = timers;
        this.searchWorkers = searchWorkers;
    }

    /**
     * Features of a query's images.
     *
     * @param until deadline in nanoseconds of {@link System#nanoTime}
     * @return fails with {@link Refused} if no worker can, an image can't be read, or the images have ended workers
     */
    public CompletionStage<Vectors> start(ImageQuery query, long until) {
        Images images = Images.of(query);
        List<SuspectedEnd> before = List.copyOf(ended.getOrDefault(images, List.of()));
        if (certain(before).size() >= QueryEmbedding.MOST_ENDED) {
            return CompletableFuture.failedFuture(new Refused(Refused.Kind.INVALID, QueryEmbedding.deadly(before)));
        }
        QueryEmbedding embedding = new QueryEmbedding(timers, searchWorkers, this, query, until);
        embedding.ended().addAll(before);
        underWay.add(embedding);
        return embedding.start().whenComplete((vectors, failure) -> {
            underWay.remove(embedding);
            if (!embedding.ended().equals(before)) {
                remember(images, embedding.ended());
            }
        });
    }

    private void remember(Images images, List<SuspectedEnd> workers) {
        ended.put(images, new ArrayList<>(workers));
        if (ended.size() > MOST_REMEMBERED) {
            ended.remove(ended.keySet().iterator().next());
        }
    }

    /** Those for which there is no hope left. */
    List<SuspectedEnd> certain(List<SuspectedEnd> ends) {
        return ends.stream().filter(end -> end.isCertain(workers, timers.now())).toList();
    }

    /** The workers that attend now, in the order in which they are asked. */
    List<SearchWorkers.Worker> rotated() {
        List<SearchWorkers.Worker> order = new ArrayList<>(workers);
        Collections.rotate(order, rotation++);
        return order;
    }

    /** Notes that a worker is asked. */
    void isAsked(SearchWorkers.Worker worker, QueryEmbedding embedding) {
        asked.computeIfAbsent(worker, key -> new LinkedHashSet<>()).add(embedding);
    }

    /**
     * Notes that a worker is asked no longer.
     *
     * @return whether it read these images, and not those of an earlier query
     */
    boolean isNotAsked(SearchWorkers.Worker worker, QueryEmbedding embedding) {
        Set<QueryEmbedding> all = asked.getOrDefault(worker, Set.of());
        boolean first = !all.isEmpty() && all.iterator().next().equals(embedding);
        all.remove(embedding);
        if (all.isEmpty()) {
            asked.remove(worker);
        }
        return first;
    }

    /**
     * Takes the workers that attend, after every change.
     *
     * @param leaving those that are about to leave, and may answer yet
     */
    public void workersChanged(List<SearchWorkers.Worker> attending, Collection<SearchWorkers.Worker> leaving) {
        workers = List.copyOf(attending);
        ended.values().forEach(all -> all.removeIf(one -> one.isBack(attending)));
        ended.values().removeIf(List::isEmpty);
        Set<QueryEmbedding> reading =
                asked.values().stream().map(all -> all.iterator().next()).collect(Collectors.toSet());
        List.copyOf(underWay).forEach(one -> one.workersChanged(attending, leaving, reading.contains(one)));
    }
}
