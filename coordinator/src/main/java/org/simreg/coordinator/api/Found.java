package org.simreg.coordinator.api;

import org.simreg.proto.SearchResponse;
import org.simreg.worker.search.TopK;

/** Neighbours as they are answered, with the names that the bank has for them. */
final class Found {
    private Found() {}

    static SearchResponse response(Asking.Answer answer) {
        BankView bank = answer.queries().bank();
        TopK found = answer.neighbors();
        boolean named = !answer.queries().request().getIdsOnly();
        SearchResponse.Builder response =
                SearchResponse.newBuilder()
                        .setVersion(bank.record().getVersion())
                        .setTag(answer.queries().request().getTag());
        for (int query = 0; query < found.queries(); query++) {
            org.simreg.proto.Found.Builder one = response.addFoundBuilder();
            for (int rank = 0; rank < found.k(); rank++) {
                org.simreg.proto.Found.Hit.Builder hit =
                        one.addHitsBuilder()
                                .setId(found.id(query, rank))
                                .setCosine(found.cosine(query, rank));
                if (named) {
                    hit.setLabel(bank.label(found.label(query, rank)));
                    bank.names().ifPresent(names -> hit.setFile(names.of(hit.getId())));
                }
            }
        }
        return response.build();
    }
}
