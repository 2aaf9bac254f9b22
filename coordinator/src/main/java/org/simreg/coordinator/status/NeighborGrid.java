package org.simreg.coordinator.status;

import java.nio.file.Path;
import java.util.List;
import org.simreg.proto.EvaluationDone;

/**
 * A grid of query images and their nearest neighbours, for a person to judge.
 *
 * @param rows a row a query
 */
public record NeighborGrid(List<Row> rows) {
    public NeighborGrid {
        rows = List.copyOf(rows);
    }

    /**
     * A query image with its neighbours.
     *
     * @param query image file
     * @param queryClass its class
     * @param neighbors nearest first
     */
    public record Row(Path query, String queryClass, List<Neighbor> neighbors) {
        public Row {
            neighbors = List.copyOf(neighbors);
        }
    }

    /**
     * A neighbour of a query.
     *
     * @param image file
     * @param className its class
     * @param cosine of the features, -1 to 1
     */
    public record Neighbor(Path image, String className, double cosine) {}

    /**
     * The examples of an evaluation.
     *
     * @param dataset folder that the evaluation's file names are relative to
     */
    public static NeighborGrid of(EvaluationDone evaluation, Path dataset) {
        return new NeighborGrid(
                evaluation.getExamplesList().stream()
                        .map(
                                example ->
                                        new Row(
                                                dataset.resolve(example.getFile()),
                                                example.getLabel(),
                                                example.getNeighborsList().stream()
                                                        .map(
                                                                near ->
                                                                        new Neighbor(
                                                                                dataset.resolve(
                                                                                        near
                                                                                                .getFile()),
                                                                                near.getLabel(),
                                                                                near.getCosine()))
                                                        .toList()))
                        .toList());
    }
}
