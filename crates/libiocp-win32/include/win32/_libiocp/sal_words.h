/* Annotations of the source annotation language: they are for another
 * compiler's analysis and mean nothing here. */
#ifndef LIBIOCP_SAL_WORDS_H
#define LIBIOCP_SAL_WORDS_H
#pragma GCC system_header

#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(n)
#define _In_reads_opt_(n)
#define _In_reads_z_(n)
#define _In_reads_opt_z_(n)
#define _In_reads_or_z_(n)
#define _In_reads_bytes_(n)
#define _In_reads_bytes_opt_(n)
#define _In_reads_to_ptr_(p)
#define _In_bytecount_(n)
#define _In_count_(n)
#define _In_range_(a, b)
#define _In_NLS_string_(n)
#define _In_function_class_(c)
#define _Inout_
#define _Inout_opt_
#define _Inout_z_
#define _Inout_opt_z_
#define _Inout_updates_(n)
#define _Inout_updates_opt_(n)
#define _Inout_updates_z_(n)
#define _Inout_updates_to_(n, m)
#define _Inout_updates_all_(n)
#define _Inout_updates_bytes_(n)
#define _Inout_updates_bytes_opt_(n)
#define _Inout_updates_bytes_to_(n, m)
#define _Inout_updates_bytes_all_(n)
#define _Out_
#define _Out_opt_
#define _Out_writes_(n)
#define _Out_writes_opt_(n)
#define _Out_writes_z_(n)
#define _Out_writes_opt_z_(n)
#define _Out_writes_to_(n, m)
#define _Out_writes_to_opt_(n, m)
#define _Out_writes_all_(n)
#define _Out_writes_bytes_(n)
#define _Out_writes_bytes_opt_(n)
#define _Out_writes_bytes_to_(n, m)
#define _Out_writes_bytes_to_opt_(n, m)
#define _Out_writes_bytes_all_(n)
#define _Out_bytecap_(n)
#define _Out_cap_(n)
#define _Out_z_cap_(n)
#define _Out_range_(a, b)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_opt_result_maybenull_
#define _Outptr_result_z_
#define _Outptr_result_buffer_(n)
#define _Outptr_result_bytebuffer_(n)
#define _COM_Outptr_
#define _Ret_
#define _Ret_z_
#define _Ret_maybenull_
#define _Ret_maybenull_z_
#define _Ret_notnull_
#define _Ret_null_
#define _Ret_valid_
#define _Ret_range_(a, b)
#define _Ret_writes_(n)
#define _Ret_writes_maybenull_(n)
#define _Ret_writes_bytes_(n)
#define _Ret_writes_bytes_maybenull_(n)
#define _Reserved_
#define _Null_terminated_
#define _NullNull_terminated_
#define _Printf_format_string_
#define _Printf_format_string_params_(n)
#define _Scanf_format_string_
#define _Scanf_s_format_string_
#define _Maybenull_
#define _Notnull_
#define _Notref_
#define _Const_
#define _Pre_
#define _Post_
#define _Pre_valid_
#define _Pre_notnull_
#define _Pre_maybenull_
#define _Post_valid_
#define _Post_invalid_
#define _Post_maybenull_
#define _Post_notnull_
#define _Post_ptr_invalid_
#define _Post_satisfies_(e)
#define _Post_equals_last_error_
#define _Prepost_
#define _Deref_
#define _Deref_out_
#define _Deref_out_opt_
#define _Field_size_(n)
#define _Field_size_opt_(n)
#define _Field_size_full_(n)
#define _Field_size_part_(n, m)
#define _Field_size_bytes_(n)
#define _Field_size_bytes_opt_(n)
#define _Field_size_bytes_full_(n)
#define _Field_size_bytes_part_(n, m)
#define _Field_range_(a, b)
#define _Field_z_
#define _Struct_size_bytes_(n)
#define _At_(t, a)
#define _At_buffer_(t, i, n, a)
#define _When_(e, a)
#define _On_failure_(a)
#define _Always_(a)
#define _Success_(e)
#define _Check_return_
#define _Check_return_opt_
#define _Must_inspect_result_
#define _Use_decl_annotations_
#define _Function_class_(c)
#define _Callback_
#define _Strict_type_match_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Analysis_assume_(e)
#define _Analysis_noreturn_
#define _Points_to_data_
#define _Literal_
#define _Interlocked_
#define _Interlocked_operand_
#define _Inexpressible_(e)
#define _Unchanged_(e)
#define _Acquires_lock_(e)
#define _Acquires_exclusive_lock_(e)
#define _Acquires_shared_lock_(e)
#define _Acquires_nonreentrant_lock_(e)
#define _Releases_lock_(e)
#define _Releases_exclusive_lock_(e)
#define _Releases_shared_lock_(e)
#define _Releases_nonreentrant_lock_(e)
#define _Requires_lock_held_(e)
#define _Requires_lock_not_held_(e)
#define _Requires_exclusive_lock_held_(e)
#define _Requires_shared_lock_held_(e)
#define _Requires_no_locks_held_
#define _Guarded_by_(e)
#define _Write_guarded_by_(e)
#define _Has_lock_level_(e)
#define _Lock_level_order_(a, b)
#define _No_competing_thread_
#define _Create_lock_level_(e)
#define _Has_lock_kind_(e)
#define _IRQL_requires_max_(e)
#define _IRQL_requires_(e)
#define _Enum_is_bitflag_

/* The older spelling. libstdc++ and glibc use __in, __out and __null for names
 * of their own, so only the words that cannot be theirs are here. */
#define __in_opt
#define __in_bcount(n)
#define __in_bcount_opt(n)
#define __in_ecount(n)
#define __in_ecount_opt(n)
#define __in_z
#define __in_data_source(s)
#define __inout_opt
#define __inout_bcount(n)
#define __inout_ecount(n)
#define __out_opt
#define __out_bcount(n)
#define __out_bcount_opt(n)
#define __out_bcount_part(n, m)
#define __out_bcount_part_opt(n, m)
#define __out_bcount_full(n)
#define __out_ecount(n)
#define __out_ecount_opt(n)
#define __out_ecount_part(n, m)
#define __deref_out
#define __deref_out_opt
#define __deref_in
#define __deref_inout
#define __checkReturn
#define __nullterminated
#define __drv_aliasesMem
#define __drv_freesMem(kind)
#define __drv_allocatesMem(kind)
#define __analysis_assume(e)

#endif
