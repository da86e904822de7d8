"""Every row of the contract that the gateway builds names the tests that prove it, and they are there."""

import ast

from tests.architecture import checkout

ROWS = {
    # 1 and 2: service and types.
    "names, actions, binding": ("test_actions_and_binding", "test_the_wrappers_of_the_operations"),
    "types of 2016 in alphabetical order": (
        "test_every_type_of_2016_is_there_and_no_other", "test_members_are_those_of_2016_with_the_known_drift",
        "test_members_stand_in_alphabetical_order", "test_enumerations",
    ),
    "nil, absent and default members": (
        "test_a_lines_flags_are_unknown_when_absent_or_nil", "test_nil_with_content_is_refused",
        "test_an_absent_customer_is_unspecified",
    ),
    # 3: newer members and drift, row by row.
    "OrderDetailsQuery.Language": (
        "test_the_language_is_sent_in_upper_case", "test_a_service_of_2016_is_asked_without_language",
        "test_texts_are_in_the_language_that_the_payer_asked_for",
    ),
    "OrderProperty": ("test_trap_undocumented_id_isvisible_and_types", "test_a_hidden_property_is_nowhere_on_the_page"),
    "OrderProperty.Type": ("test_a_value_keeps_to_its_type", "test_only_what_is_required_may_not_be_empty"),
    "OrderLine.DestinationAccount": (
        "test_trap_empty_or_string_destinationaccount", "test_a_line_without_account_goes_to_the_default_one",
        "test_money_of_a_service_that_names_no_iban_is_paid_to_nobody_and_named",
    ),
    "PaymentAccount": (
        "test_destination_account_absent_empty_and_structured", "test_the_confirmation_of_guide_1_3",
        "test_a_service_of_2016_gets_the_account_of_2016",
    ),
    "AllowPartialPayment(s), AllowAdvancePayment(s)": ("test_trap_singular_plural_flags",),
    "CustomerID, CustomerName, CustomerType": (
        "test_an_absent_customer_is_unspecified", "test_only_an_empty_customer_id_has_the_payer_asked",
    ),
    "OrderStatus": ("test_every_status_and_canceled",),
    "CustomerType": ("test_organisation_in_both_spellings",),
    "PaymentConfirmationLine.DestinationAccount": (
        "test_the_destination_account_is_sent_even_when_unknown",
        "test_a_lines_account_is_repeated_under_the_guides_own_name_after_the_lines_properties",
    ),
    "PaymentConfirmation.Properties": (
        "test_trap_ho_prefix", "test_the_orders_properties_come_back_prefixed_and_the_payers_means_last",
    ),
    "InvoiceID, PaymentID": (
        "test_every_single_wrong_digit_is_caught", "test_anything_but_fourteen_plain_digits_is_no_invoice_number",
        "test_numbers_of_ours_pass_their_own_check",
    ),
    "Dates": ("test_zoneless_local_times_and_others", "test_paid_at_is_written_as_in_the_guides_sample"),
    "TotalAmountDue": (
        "test_an_unknown_amount_is_the_payers_to_type", "test_an_unknown_amount_is_paid_and_told",
        "test_what_cannot_be_read_without_a_guess_is_refused",
    ),
    "Currency": ("test_a_yen_has_no_minor_unit", "test_an_order_in_another_currency_is_not_offered_the_card"),
    "lengths": ("test_trap_over_long_texts", "test_a_value_keeps_to_its_type"),
    "unknown and misplaced members": (
        "test_unknown_and_misplaced_members_are_noted_and_nothing_after_them_is_lost",
        "test_messages_fit_the_packaged_schema",
    ),
    # 4: signatures.
    "what receivers accept": (
        "test_the_layout_is_the_one_that_receivers_accept", "test_times_are_sent_in_utc_with_milliseconds",
        "test_no_white_space_is_left_between_elements_nor_inside_the_signature",
        "test_no_addressing_headers_and_no_white_space_between_elements",
    ),
    "KeyInfo": ("test_trap_four_keyinfo_forms", "test_another_services_valid_certificate_is_refused"),
    "exactly what was signed": (
        "test_a_wrapped_element_is_refused", "test_a_signed_message_that_breaks_a_rule_is_refused",
    ),
    "faults are never success": (
        "test_d60_an_unsigned_fault_is_never_definite", "test_d60_an_unsigned_response_is_not_confirmed",
    ),
    "clocks": (
        "test_clocks_may_differ_by_the_tolerance_in_both_directions", "test_e79_clock_skew_beyond_tolerance_is_refused",
        "test_a_wider_tolerance_is_a_setting_of_the_service", "test_fractions_of_a_second_have_up_to_seven_digits",
    ),
    "evidence": ("test_both_messages_are_kept_byte_for_byte_and_before_they_are_read",),
    # 5: faults.
    "fault codes": (
        "test_every_code_of_the_guide_has_a_row_for_each_operation_and_so_has_any_other",
        "test_both_spellings_of_an_unknown_payment_are_one", "test_the_code_is_the_local_part_whatever_the_prefix",
    ),
    "what is neither yes nor no": ("test_d61_what_is_no_soap_is_neither_success_nor_refusal",),
    # 6: idempotency, keys and arrays, allocation.
    "a retry": ("test_a_retry_has_the_same_content_and_a_new_signature",),
    "keys": ("test_keys_are_compared_in_nfc_without_outer_white_space", "test_the_order_of_another_key_is_not_shown"),
    "arrays": (
        "test_trap_an_array_with_more_than_one_order", "test_each_is_read_paid_and_told_of_under_its_own_key",
        "test_an_array_whose_orders_cannot_be_told_apart_or_asked_for_is_refused",
    ),
    "allocation": (
        "test_lines_are_filled_in_the_order_sent", "test_an_advance_goes_to_the_first_line_that_takes_it",
        "test_of_an_unknown_amount_the_first_line_takes_all",
    ),
    "flags: order, else the first line": ("test_a_flag_of_the_first_line_counts_and_one_of_another_line_does_not",),
    "what the payer fills in": (
        "test_what_the_payer_fills_in_comes_back_with_its_prefix_and_in_its_line",
        "test_an_error_stands_beside_each_field_in_the_payers_language_and_values_are_kept",
        "test_what_cannot_be_changed_or_seen_stays_as_the_service_said_whatever_is_posted",
        "test_both_papers_tell_what_the_payer_filled_in",
    ),
    # 7: the pay page, POS terminals and the REST interface.
    "pay page": (
        "test_parameter_names_are_matched_without_regard_to_case_by_get_and_post",
        "test_the_two_parameters_are_required", "test_arriving_from_another_site_charges_nothing",
    ),
    "configure a POS terminal": (
        "test_a_vendor_registers_a_terminal_once_however_often_he_asks",
        "test_the_form_is_filled_from_the_address_and_sent_from_our_own_page",
        "test_an_idno_is_checked", "test_a_terminal_is_registered_once_and_may_call_from_its_address_alone",
    ),
    "POS payment": (
        "test_a_clerk_opens_an_order_and_sees_how_it_can_be_paid", "test_an_invoice_is_opened_by_its_number",
        "test_an_order_is_paid_from_the_clerks_page_and_its_service_is_told",
        "test_nobody_opens_an_order_but_at_a_registered_terminal_of_his_own",
        "test_over_tls_a_terminal_is_registered_from_the_office_and_used_from_its_own_address",
    ),
    "invoice ids": (
        "test_an_order_has_one_number_from_the_first_question_to_its_payment",
        "test_each_of_several_orders_under_a_key_has_its_number_and_no_paper_is_guessed",
        "test_an_unknown_order_has_no_numbers_and_no_paper",
    ),
    "invoice PDF": ("test_the_paper_is_downloaded_under_the_name_that_the_guide_gives",),
    "invoice PDF bytes": (
        "test_the_bytes_are_of_the_size_that_was_asked_for",
        "test_the_ordinary_invoice_is_one_page_of_a5_and_says_what_a4_says",
    ),
    "API description": (
        "test_the_description_is_sound_and_names_every_address",
        "test_the_page_of_the_description_has_all_that_the_document_has",
    ),
    "certificate and address list": (
        "test_who_lacks_certificate_right_or_address_reads_nothing_of_the_reason",
        "test_over_tls_a_known_certificate_from_a_known_address_is_served",
        "test_over_tls_nobody_else_is_served_whatever_he_says_of_himself",
    ),
    "names in any case of letters": ("test_the_words_of_a_path_and_the_names_of_parameters_count_in_any_case",),
    # 8: rules of the guide.
    "lines sum to the total, at least one": ("test_d65_lines_that_contradict_are_refused",),
    "the rest at the next look-up": ("test_a_part_is_paid_then_the_rest",),
    "a generic service": (
        "test_a_form_becomes_an_order_that_is_paid_told_once_and_exported",
        "test_a_second_payment_and_other_content_are_refused_for_good",
    ),
}  # fmt: skip
"""What the contract says (sections 1 to 8), by the names of tests. Section 9 has `test_traps.py`."""


def names() -> set[str]:
    """Every test of the gateway and its plugins: what a counterpart's tests prove is the other side's."""
    found: set[str] = set()
    for folder in ("tests", "plugins"):
        for path in sorted((checkout.ROOT / folder).rglob("test_*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            found |= {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
    return {each for each in found if each.startswith("test_")}


def test_each_row_of_the_contract_has_its_tests():
    there = names()
    missing = {row: sorted(set(tests) - there) for row, tests in ROWS.items() if set(tests) - there}
    assert missing == {}
    assert all(tests for tests in ROWS.values())
